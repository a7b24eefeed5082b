"""Block codes as graphs."""

import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.latents import block_graph, block_tokens
from selfsame.latents.blocks import PLACE_FIELDS
from selfsame.pifs.code import LUMA, NO_MAP
from support.block_cases import BLOCK_CASES, plain_code

CASES = pytest.mark.parametrize("code", BLOCK_CASES.values(), ids=BLOCK_CASES)
SIDES_OF_DOMAINS = {1: 2, 2: 4, 3: 1}


def owners(code):
    """The number of the block of every pixel of each plane, numbered through the planes."""
    count, planes = 0, []
    for plane in code.planes:
        found = np.full(plane.levels.shape, -1)
        for y, x, log_height, log_width in plane.blocks:
            found[y : y + (1 << log_height), x : x + (1 << log_width)] = count
            count += 1
        planes.append(found)
    return planes


def pairs(edges):
    """Edges as a set, none of them twice."""
    found = list(map(tuple, edges.T.tolist()))
    assert len(set(found)) == len(found)
    return set(found)


@CASES
def test_domains_are_the_blocks_under_their_pixels(code):
    graph = block_graph([code])
    found = dict(zip(map(tuple, graph.domains.T.tolist()), graph.shares.tolist(), strict=True))
    assert len(found) == graph.domains.shape[1]
    wanted, number, planes = {}, 0, owners(code)
    for plane, own in zip(code.planes, planes, strict=True):
        for (y, x, log2, _), (kind, *corner, _, _) in zip(plane.blocks, plane.maps, strict=True):
            if kind == LUMA:
                k = len(planes[0]) // len(own)
                source, (top, left), side = planes[0], (y * k, x * k), k << log2
            elif kind != NO_MAP:
                source, (top, left), side = own, corner, SIDES_OF_DOMAINS[int(kind)] << log2
            if kind != NO_MAP:
                met, counts = np.unique(
                    source[top : top + side, left : left + side], return_counts=True
                )
                for other, pixels in zip(met.tolist(), counts.tolist(), strict=True):
                    wanted[number, other] = pixels / side**2
            number += 1
    assert found == pytest.approx(wanted, abs=1e-6)


@CASES
def test_shares_of_a_domain_sum_up_to_one(code):
    graph = block_graph([code])
    sums = torch.zeros(graph.blocks).index_add(0, graph.domains[0], graph.shares)
    kinds = np.concatenate([plane.maps[:, 0] for plane in code.planes])
    np.testing.assert_allclose(sums, kinds != NO_MAP, atol=1e-6)
    assert (graph.shares > 0).all()


@CASES
def test_neighbours_have_pixels_beside_each_other(code):
    wanted = set()
    for own in owners(code):
        for a, b in ((own[:-1], own[1:]), (own[:, :-1], own[:, 1:])):
            for one, other in zip(a[a != b].tolist(), b[a != b].tolist(), strict=True):
                wanted |= {(one, other), (other, one)}
    assert pairs(block_graph([code]).neighbours) == wanted


@CASES
def test_the_tree_is_that_of_cutting_squares(code):
    """Every square but the first is cut from one, and its parts make it up as far as the plane
    reaches."""
    graph = block_graph([code])
    names = [field.name for field in PLACE_FIELDS]
    nodes = [dict(zip(names, row, strict=True)) for row in graph.places.tolist()]
    parents = dict(graph.tree.T.tolist())
    assert len(parents) == graph.tree.shape[1]

    def area(node):
        down = min(1, node["top"] + node["height"]) - node["top"]
        return down * (min(1, node["left"] + node["width"]) - node["left"])

    parts = dict.fromkeys(range(graph.blocks, len(nodes)), 0.0)
    for number, node in enumerate(nodes):
        if node["depth"] == node["cut"] == 0:
            assert number not in parents
            continue
        parent = nodes[parents[number]]
        assert parents[number] >= graph.blocks
        assert parent["cut"] == 0
        assert parent["plane"] == node["plane"]
        assert parent["depth"] == node["depth"] - (node["cut"] == 0)
        for side, length in (("top", "height"), ("left", "width")):
            assert parent[side] <= node[side] + 1e-6
            assert node[side] + node[length] <= parent[side] + parent[length] + 1e-6
        parts[parents[number]] += area(node)
    for number, whole in parts.items():
        assert whole == pytest.approx(area(nodes[number]), rel=1e-5)


def test_nodes_are_the_tokens_of_a_batch_and_then_the_squares():
    codes = list(BLOCK_CASES.values())
    graph = block_graph(codes)
    values, _, mask = block_tokens(codes)
    assert torch.equal(graph.places[: graph.blocks], values[mask][:, : len(PLACE_FIELDS)])
    assert torch.equal(graph.pictures[: graph.blocks], mask.nonzero()[:, 0])
    assert len(graph.places) == len(graph.pictures)
    blocks, squares = 0, graph.blocks
    for picture, code in enumerate(codes):
        alone = block_graph([code])
        there = torch.nonzero(graph.pictures == picture)[:, 0]
        assert there.tolist() == [
            *range(blocks, blocks + alone.blocks),
            *range(squares, squares + len(alone.places) - alone.blocks),
        ]
        assert torch.equal(graph.places[there], alone.places)
        for name in ("tree", "neighbours", "domains"):
            edges = getattr(graph, name)
            own = edges[:, graph.pictures[edges[0]] == picture]
            assert pairs(own) == pairs(there[getattr(alone, name)]), name
        own = graph.pictures[graph.domains[0]] == picture
        assert torch.equal(graph.shares[own], alone.shares)
        blocks, squares = blocks + alone.blocks, squares + len(alone.places) - alone.blocks


def test_one_block_has_no_edges():
    graph = block_graph([plain_code(64, 64, 64)])
    assert graph.places.tolist() == [[0, 0, 0, 1, 1, 0, 0]]
    assert [graph.blocks, graph.pictures.tolist()] == [1, [0]]
    for edges in (graph.tree, graph.neighbours, graph.domains):
        assert edges.shape == (2, 0)
        assert edges.dtype == torch.int64
    assert graph.shares.shape == (0,)


def test_no_codes_have_no_graph():
    with pytest.raises(InputError, match="codes must be one or more: got none"):
        block_graph([])
