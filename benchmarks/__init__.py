"""What `make bench` measures: one module a family of bars, one JSON line a bar."""
