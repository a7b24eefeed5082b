"""The numbers of a mosaic as a stream of binary decisions."""
