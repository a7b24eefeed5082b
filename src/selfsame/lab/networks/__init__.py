"""The small networks that experiments pre-train, and their files."""
