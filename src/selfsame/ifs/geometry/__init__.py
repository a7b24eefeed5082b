"""Bounds, dimensions, normal forms and windows of systems."""

from selfsame.moved import forwarding

__getattr__ = forwarding(__name__, "ifs.geometry.bounds")
