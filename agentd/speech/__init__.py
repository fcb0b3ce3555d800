"""Ears and voice: frames, VAD, endpointing, recognisers, synthesis, worker pool."""
