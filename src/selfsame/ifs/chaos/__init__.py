"""The chaos game: compiled and torch kernels that sample orbits."""
