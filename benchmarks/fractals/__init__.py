"""Data sets of fractals for pre-training: loaders, files."""
