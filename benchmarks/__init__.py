"""What is measured of Selfsame, and beside what; README.md says how to run it."""
