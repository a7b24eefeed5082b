"""Fits of iterated function systems, their floor, their drawing."""
