"""The services: each owns one database, decides by events, and imports no other."""
