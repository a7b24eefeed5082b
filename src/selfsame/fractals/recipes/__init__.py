"""Recipes: how each kind of data set draws its systems and pictures from a seed."""
