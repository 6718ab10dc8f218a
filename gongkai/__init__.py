"""What every service stands on; it knows no office's rules."""
