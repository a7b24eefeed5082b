"""Bounds, dimensions, normal forms and windows of systems."""
