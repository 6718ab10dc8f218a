"""Read models of requests and the queries on them."""
