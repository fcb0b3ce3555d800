"""The language model: what it is told, what it may say, when it is asked at all, and running it."""
