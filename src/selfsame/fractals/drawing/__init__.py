"""Compiled drawing of the pictures of data sets: scenes, stamps, backgrounds."""
