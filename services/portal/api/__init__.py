"""REST: the same public facts as JSON, described by OpenAPI."""
