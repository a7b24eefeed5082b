"""Limits that hold for every family, checked before anything is allocated."""

MAX_SIDE = 65_535
"""Largest width or height of a picture, in pixels."""

MAX_PIXELS = 1 << 27
"""134 million: a float32 sRGB rendering of them takes 1.6 GB. ``MAX_SIDE`` bounds each side."""
