"""search: the index of what is public, and everything that answers a query."""
