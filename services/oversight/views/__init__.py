"""Read models of the board: rows an event, kept newer only, and the queries on them."""
