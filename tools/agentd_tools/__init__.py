"""Click tools that prepare voices, audio and scenarios."""
