"""Block codes as graphs: the tree of blocks, their neighbours, and what is drawn from what."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.latents.blocks import by_shape, check_codes, pixels_of, places
from selfsame.pifs.code import CONTRACTION, LUMA, MAX_LOG2, MIN_LOG2, PifsCode, PlaneCode
from selfsame.pifs.decoding.planes import feeds_back

CELL = 1 << MIN_LOG2
"""Side of the smallest block; all others are made of such cells."""

Ints = NDArray[np.int64]


class BlockGraph(NamedTuple):
    """The graphs of some codes, side by side as one.

    Nodes are the blocks of all codes, in the order of ``block_tokens`` (``values[mask]`` are their
    tokens), then the squares that were cut to give them. Edges are pairs of nodes, from row 0 to
    row 1; none joins two codes.

    Attributes:
        places: (N, 7) float32, the ``PLACE_FIELDS`` of nodes. Squares may reach over the edge.
        pictures: (N,), the code of each node.
        blocks: how many nodes are blocks; the others are squares.
        tree: (2, E), from each block and square to the square that it was cut from; those of
            64 × 64 pixels have none.
        neighbours: (2, E), between blocks of one plane with a piece of border in common, both ways.
        domains: (2, E), from each block with a map to all blocks that its domain meets: of its own
            plane, itself perhaps among them, or of luma.
        shares: (E,) float32, how much of the domain's area lies in that block; those of a block
            sum up to 1.
    """

    places: Tensor
    pictures: Tensor
    blocks: int
    tree: Tensor
    neighbours: Tensor
    domains: Tensor
    shares: Tensor


def block_graph(codes: Sequence[PifsCode]) -> BlockGraph:
    """Return the graphs of codes, of any sizes.

    Raises:
        InputError: no codes, others than block codes, or blocks that no quadtree has.
    """
    check_codes(codes)
    blocks = sum(len(plane.blocks) for code in codes for plane in code.planes)
    first, next_square = 0, blocks
    of_blocks: list[NDArray[np.float64]] = []
    of_squares: list[NDArray[np.float64]] = []
    tree, neighbours = [], []
    domains, shares = [np.empty((2, 0), np.int64)], [np.empty(0)]  # there may be no others
    for picture, code in enumerate(codes):
        luma = first + _owners(code.planes[0])
        for number, plane in enumerate(code.planes):
            owners = first + _owners(plane)
            edges, squares = _tree(plane.blocks, first, next_square)
            tree.append(edges)
            neighbours.append(_neighbours(owners))
            for met, share in _domains(plane, first, owners, luma):
                domains.append(met)
                shares.append(share)
            for rows, found in ((plane.blocks, of_blocks), (squares, of_squares)):
                place = places(plane.levels.shape, number, rows)
                found.append(np.column_stack([np.full(len(rows), picture), place]))
            first, next_square = first + len(plane.blocks), next_square + len(squares)
    nodes = torch.from_numpy(np.concatenate(of_blocks + of_squares))
    return BlockGraph(
        nodes[:, 1:].float(),
        nodes[:, 0].long(),
        blocks,
        torch.from_numpy(np.concatenate(tree, axis=1)),
        torch.from_numpy(np.concatenate(neighbours, axis=1)),
        torch.from_numpy(np.concatenate(domains, axis=1)),
        torch.from_numpy(np.concatenate(shares)).float(),
    )


def _owners(plane: PlaneCode) -> Ints:
    """Return the number of the block of each cell of a plane."""
    owners = np.empty([side // CELL for side in plane.levels.shape], np.int64)
    for chosen in by_shape(plane.blocks):
        rows, columns = pixels_of(plane.blocks[chosen])
        owners[rows[:, ::CELL] // CELL, columns[..., ::CELL] // CELL] = chosen[:, None, None]
    return owners


def _tree(blocks: NDArray[np.int32], first: int, square: int) -> tuple[Ints, NDArray[np.int32]]:
    """Return the edges up the tree, and the squares that were cut, as blocks; the former have
    numbers from ``first`` on, the latter from ``square`` on."""
    numbers = first + np.arange(len(blocks))
    logs = blocks[:, 2:]
    above = logs.max(axis=1) + (logs[:, 0] == logs[:, 1])  # a half was cut from its own square
    edges, squares = [], []
    children, corners = np.empty(0, np.int64), np.empty((0, 2), np.int32)
    for log2 in range(MIN_LOG2 + 1, MAX_LOG2 + 1):
        cut = above == log2
        children = np.concatenate([children, numbers[cut]])
        corners = np.concatenate([corners, blocks[cut, :2]]) >> log2 << log2
        corners, parents = np.unique(corners, axis=0, return_inverse=True)
        edges.append(np.stack([children, square + parents.ravel()]))
        squares.append(np.insert(corners, 2, [[log2], [log2]], axis=1))
        children = square + np.arange(len(corners))
        square += len(corners)
    return np.concatenate(edges, axis=1), np.concatenate(squares)


def _neighbours(owners: Ints) -> Ints:
    """Return the pairs of blocks whose cells lie beside or above each other."""
    across = np.stack([owners[:, :-1].ravel(), owners[:, 1:].ravel()])
    down = np.stack([owners[:-1].ravel(), owners[1:].ravel()])
    pairs = np.concatenate([across, down], axis=1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return np.unique(np.concatenate([pairs, pairs[::-1]], axis=1), axis=1)


def _domains(
    plane: PlaneCode, first: int, owners: Ints, luma: Ints
) -> Iterator[tuple[Ints, NDArray[np.float64]]]:
    """Yield edges from blocks to those that their domains meet, and shares, by sides of domains.

    Args:
        first: number of the first block.
        owners, luma: numbers of the blocks of the cells of this plane, and of luma.
    """
    kinds, sides = plane.maps[:, 0], 1 << plane.blocks[:, 2]
    ratio = len(luma) // len(owners)
    own, like = np.flatnonzero(feeds_back(plane.maps)), np.flatnonzero(kinds == LUMA)
    for chosen, source, corners, reach in (
        (own, owners, plane.maps[own, 1:3], np.take(CONTRACTION, kinds[own]) * sides[own]),
        (like, luma, plane.blocks[like, :2] * ratio, sides[like] * ratio),
    ):
        for side in np.unique(reach):
            equal = reach == side
            yield _met(source, first + chosen[equal], corners[equal], int(side))


def _met(
    owners: Ints, numbers: Ints, corners: NDArray[np.int32], side: int
) -> tuple[Ints, NDArray[np.float64]]:
    """Return edges from blocks to those that their domains meet, and shares of the domains' area.

    Args:
        owners: numbers of the blocks of the cells where the domains lie.
        numbers, corners: of n blocks that of each, (n,), and the corner of its domain, (n, 2).
        side: of the domains.
    """
    # One cell more than fits, since domains begin at any pixel.
    cells = corners[:, :, None] // CELL + np.arange(side // CELL + 1)
    starts, ends = cells * CELL, (cells + 1) * CELL
    lengths = np.minimum(ends, corners[:, :, None] + side) - np.maximum(starts, corners[:, :, None])
    rows, columns = np.minimum(cells, np.array(owners.shape)[:, None] - 1).transpose(1, 0, 2)
    areas = lengths[:, 0, :, None] * lengths[:, 1, None, :]
    found = owners[rows[:, :, None], columns[:, None, :]]
    is_met = areas > 0
    pairs = np.stack([np.broadcast_to(numbers[:, None, None], areas.shape)[is_met], found[is_met]])
    edges, which = np.unique(pairs, axis=1, return_inverse=True)
    return edges, np.bincount(which.ravel(), areas[is_met]) / side**2
