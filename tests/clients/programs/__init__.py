"""Programs of clients, each run by the Python of its own environment."""
