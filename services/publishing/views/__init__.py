"""What publishing's edges read: records as the public may see them, and what it knows of the city's registry."""
