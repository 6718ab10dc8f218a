"""The rules of disclosure on request: pure. Time, ids and law come in as arguments."""
