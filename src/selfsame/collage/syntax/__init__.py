"""Collage codes as bits under adaptive contexts."""
