"""What is kept: calls, turns, journal, suppression. The only queries."""
