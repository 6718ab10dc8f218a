"""Read models of requests without personal data, the law's copies, and the queries on them."""
