"""What search decides without any server: documents from contracts, queries, answers."""
