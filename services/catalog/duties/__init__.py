"""What an organ must disclose: who is meant, what is demanded, what changed; over gRPC and NATS alike."""
