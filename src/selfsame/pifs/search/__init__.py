"""Searching the domain of a range block: exhaustive, pruned and near."""

from selfsame.moved import forwarding

__getattr__ = forwarding(__name__, "pifs.search.full")
