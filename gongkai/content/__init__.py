"""Bodies and files by the digest of their bytes, each under a key of its own, so that any one can be destroyed."""
