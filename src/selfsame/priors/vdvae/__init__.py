"""A very deep VAE whose last layer writes a collage."""
