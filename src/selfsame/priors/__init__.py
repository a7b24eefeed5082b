"""Generative models whose latent is a fractal code."""
