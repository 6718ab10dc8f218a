"""Keys, tokens, who may call what, and the finding of personal data."""
