"""Feeding fractals to training: map-style and streaming data sets for torch."""
