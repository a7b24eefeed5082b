"""Codes of every family: registry, files, encoding and Pillow."""
