"""Iterated function systems: N affine maps of the plane or of space, and their attractor."""
