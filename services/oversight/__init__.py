"""oversight: how much each organ disclosed, how late, and what its records lack; from events alone."""
