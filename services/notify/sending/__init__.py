"""From the queue to the providers: each message at most once, and known to be sent, failed or in doubt."""
