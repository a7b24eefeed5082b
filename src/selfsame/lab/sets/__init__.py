"""Fractals learned as a set, so that together they look like a data set of pictures."""
