"""What publishing decides: pure, no clock, no disk, no network."""
