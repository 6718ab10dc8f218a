"""Editions of catalogues at the edge: commands, questions, and how both are told."""
