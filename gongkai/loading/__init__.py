"""Reads departmental files by mapping and turns their rows into events."""
