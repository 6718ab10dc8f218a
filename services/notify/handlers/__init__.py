"""One function a command: decide, write the views, append; all in one transaction."""
