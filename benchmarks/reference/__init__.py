"""Plain, slow implementations that the fast ones are tested and timed against."""
