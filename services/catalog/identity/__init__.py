"""Who works here: passwords and sessions beside the log, commands on staff within it, tokens from both."""
