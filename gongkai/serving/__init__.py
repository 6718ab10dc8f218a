"""What makes a package of handlers a service process: settings, lifecycle, gRPC, health, telemetry."""
