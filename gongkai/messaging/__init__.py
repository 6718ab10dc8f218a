"""CloudEvents over NATS JetStream: streams as code, the relay that fills, consumers that read."""
