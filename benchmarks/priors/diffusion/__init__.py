"""Diffusions of the tokens of latent spaces."""
