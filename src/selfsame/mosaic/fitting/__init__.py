"""Fitting a mosaic to a picture: which patches, which copies, how much of them."""
