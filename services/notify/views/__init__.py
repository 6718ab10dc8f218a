"""Read models of subscriptions and messages and the queries on them."""
