"""Patterns of 3 × 3 pixels that a point stamps: nine bits, row by row."""

DOT = 0b000_010_000
"""The pattern that leaves points as they are."""

PATTERNS = 511
"""All but the empty one: 1 to 511."""


def patch_rows(pattern: int) -> list[list[int]]:
    """Return the nine bits of a pattern as 3 × 3 numbers 0 and 1."""
    return [[(pattern >> (3 * i + j)) & 1 for j in range(3)] for i in range(3)]
