"""Encoders before a fit, and the paper's inverse encoder as their baseline."""
