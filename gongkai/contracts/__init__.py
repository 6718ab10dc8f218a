"""The public events, one module a service: additive only, checked against the last release."""
