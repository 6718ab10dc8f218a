"""The rules of a request for disclosure: pure."""
