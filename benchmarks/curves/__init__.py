"""How cost grows: processor time and memory against calls, scenarios, objections, contacts."""
