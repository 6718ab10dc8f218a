"""The embedded servers of one machine: real PostgreSQL, nats-server and OpenSearch, and what watches them."""
