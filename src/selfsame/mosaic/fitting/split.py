"""Which patches to split: the least error for a number of patches.

A tree's cost is its error plus a price for every patch; for a price, the best tree follows from the
bottom up. The price is bisected until the number of patches is the one wished for.
"""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BISECTIONS = 40
LOWEST_PRICE = 1e-9
"""Of one patch, over the error of all of the first level: below, splitting is for rounding only."""


def chosen_patches(errors: list[NDArray[np.float64]], goal: int) -> list[Mask]:
    """Return which patches of every level to keep, (k, k) each; together they tile the square.

    Args:
        errors: by level, (k, k) with k doubling: error of showing each place by one patch.
        goal: the number of patches; the most that does not exceed it is aimed at, never less than
            those of the first level.
    """
    total = float(errors[0].sum())
    low, high = np.log(LOWEST_PRICE), 0.0
    best = best_tree(errors, max(total, 1e-12))
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        tree = best_tree(errors, total * float(np.exp(middle)) + 1e-12)
        if sum(int(mask.sum()) for mask in tree) > goal:
            low = middle
        else:
            high, best = middle, tree
    return best


def best_tree(errors: list[NDArray[np.float64]], price: float) -> list[Mask]:
    """Return the tree of the least error plus price times patches; see ``chosen_patches``."""
    cost = errors[-1] + price
    split: list[Mask] = []
    for error in errors[-2::-1]:
        parts = cost.reshape(len(error), 2, len(error), 2).sum(axis=(1, 3))
        split.insert(0, parts < error + price)
        cost = np.minimum(parts, error + price)
    split.append(np.zeros(errors[-1].shape, bool))
    reached = np.ones(errors[0].shape, bool)
    kept = []
    for divided in split:
        kept.append(reached & ~divided)
        reached = (reached & divided).repeat(2, axis=0).repeat(2, axis=1)
    return kept
