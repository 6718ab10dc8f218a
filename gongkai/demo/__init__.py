"""The demo: invented organs and records, so that a new stack has something to show."""
