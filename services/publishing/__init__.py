"""Every record's life, from a department's event to the public; and the content store."""
