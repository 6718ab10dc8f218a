"""Read models of the registry; written in the transaction that appends, so an answer is never behind the log."""
