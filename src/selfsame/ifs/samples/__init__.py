"""Classic systems by name, and random ones."""
