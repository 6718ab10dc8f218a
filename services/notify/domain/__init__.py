"""The rules of subscriptions and messages: pure."""
