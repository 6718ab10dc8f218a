"""The registry of bases at its edges: commands, questions over gRPC, what is sown."""
