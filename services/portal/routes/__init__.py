"""Pages, a module a concept."""
