"""Pure decisions: events in, actions out. No clock, no socket, no random source."""
