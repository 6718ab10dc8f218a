"""Villages' lists at the edge: questions, commands, what they are measured by."""
