"""Measures of pictures and of sets of pictures."""

from selfsame.moved import forwarding

__getattr__ = forwarding(__name__, "metrics.pictures")
