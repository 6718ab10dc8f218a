"""What catalog decides: pure functions from state and command to events, without I/O."""
