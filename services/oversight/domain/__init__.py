"""What oversight computes: pure functions over dates, the calendar and rules of law."""
