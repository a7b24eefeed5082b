"""Searching the domain of a range block: exhaustive, pruned and near."""
