"""Similitudes, signed distances and the recursion's distance against brute force."""

import itertools
import math

import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.ifs.distance.field import signed_distance, winning_words, word_distance
from selfsame.ifs.distance.layouts import Similitudes, similitudes_about, similitudes_from_segments
from selfsame.ifs.distance.settings import check_leaves
from selfsame.ifs.distance.target import pixel_centers
from selfsame.ifs.render.recursion import render_recursion
from selfsame.ifs.system import IFS
from selfsame.run.threads import limited_threads

SHAPES = {
    "disk": [0.1, -0.05, 0.3],
    "rectangle": [0.05, 0.1, 0.4, 0.2, 0.6],
    "segment": [-0.4, -0.1, 0.35, 0.2, 0.05],
}


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def some_maps(seed=0, count=3):
    rng = np.random.default_rng(seed)
    return similitudes_about(
        tensor(rng.uniform(0.3, 0.7, count)),
        tensor(rng.uniform(-3, 3, count)),
        tensor([0.1, 0.2]),
        tensor(rng.uniform(-0.4, 0.4, (count, 2))),
        torch.tensor(rng.uniform(size=count) > 0.5),
    )


def recursion_distance(maps, kind, shape, depth, points):
    words, _ = winning_words(maps, kind, shape, depth, points)
    return word_distance(maps, kind, shape, depth, words, points)


def plain_distance(kind, p, x):
    """Signed distance of one point, written from the definition."""
    if kind == "disk":
        return math.dist(x, p[:2]) - p[2]
    if kind == "segment":
        t = np.linspace(0, 1, 20001)[:, None]
        along = np.array(p[:2]) + t * np.subtract(p[2:4], p[:2])
        return np.linalg.norm(along - x, axis=1).min() - p[4]
    t = np.linspace(-1, 1, 20001)
    c, s = math.cos(p[4]), math.sin(p[4])
    local = [c * (x[0] - p[0]) + s * (x[1] - p[1]), c * (x[1] - p[1]) - s * (x[0] - p[0])]
    edges = [np.stack([p[2] * t, np.full_like(t, e * p[3])], 1) for e in (-1, 1)]
    edges += [np.stack([np.full_like(t, e * p[2]), p[3] * t], 1) for e in (-1, 1)]
    nearest = min(np.linalg.norm(e - local, axis=1).min() for e in edges)
    inside = abs(local[0]) < p[2] and abs(local[1]) < p[3]
    return -nearest if inside else nearest


@pytest.mark.parametrize("kind", SHAPES)
def test_signed_distance_is_that_of_the_definition(kind):
    points = np.random.default_rng(1).uniform(-0.8, 0.8, (60, 2))
    got = signed_distance(kind, tensor(SHAPES[kind]), tensor(points)).numpy()
    want = np.array([plain_distance(kind, SHAPES[kind], x) for x in points])
    assert (want < 0).any()
    assert (want > 0).any()
    # The reference samples boundaries 4e-5 apart.
    np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("kind", SHAPES)
def test_signed_distance_gradients(kind):
    points = tensor(np.random.default_rng(2).uniform(-0.8, 0.8, (12, 2))).requires_grad_()
    shape = tensor(SHAPES[kind]).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, x: signed_distance(kind, s, x), (shape, points))
    # At the centre of a disk, or on a segment, the gradient stays finite.
    (gradient,) = torch.autograd.grad(signed_distance(kind, shape, shape[None, :2]).sum(), shape)
    assert torch.isfinite(gradient).all()


def test_segments_map_end_to_end():
    base = tensor([[-1, 0.5], [1.0, 2.0]])
    images = tensor([[[0, 0], [0.3, -0.4]], [[1, 1], [0.2, 1]]])
    maps = similitudes_from_segments(base, images)
    moved = torch.einsum("nij,kj->nki", maps.matrices, base) + maps.offset[:, None]
    torch.testing.assert_close(moved, images)
    torch.testing.assert_close(maps.scale, tensor([0.5, 0.8]) / 2.5)
    torch.testing.assert_close(torch.linalg.det(maps.linear), tensor([1, 1]))


def test_similitudes_about_a_pivot():
    maps = similitudes_about(
        tensor([0.5, 0.5]),
        tensor([math.pi / 2, math.pi / 2]),
        tensor([1, 1]),
        tensor([[0, 0], [0, 0]]),
        torch.tensor([False, True]),
    )
    moved = torch.einsum("nij,j->ni", maps.matrices, tensor([2.0, 1.0])) + maps.offset
    torch.testing.assert_close(moved, tensor([[0, 0.5], [0, 0.5]]))
    moved = torch.einsum("nij,j->ni", maps.matrices, tensor([1.0, 2.0])) + maps.offset
    torch.testing.assert_close(moved, tensor([[-0.5, 0], [0.5, 0]]))


def test_a_base_without_length_is_refused():
    with pytest.raises(InputError, match="length"):
        similitudes_from_segments(tensor([[1, 1], [1, 1]]), tensor([[[0, 0], [1, 1]]]))


def brute_force(maps, kind, shape, depth, points):
    """Every word's leaf for every point: pull the point back, scale the distance up."""
    best = torch.full((len(points),), math.inf, dtype=torch.float64)
    for word in itertools.product(range(len(maps)), repeat=depth):
        pulled, scale = points, 1.0
        for i in word:
            pulled = torch.linalg.solve(maps.matrices[i], (pulled - maps.offset[i]).T).T
            scale = scale * maps.scale[i]
        best = torch.minimum(best, scale * signed_distance(kind, shape, pulled))
    return best


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize("count", [20, 400])  # fewer and more points than leaves
def test_recursion_distance_equals_brute_force(kind, depth, count):
    maps, shape = some_maps(depth), tensor(SHAPES[kind])
    points = tensor(np.random.default_rng(3).uniform(-1, 1, (count, 2)))
    got = recursion_distance(maps, kind, shape, depth, points)
    torch.testing.assert_close(got, brute_force(maps, kind, shape, depth, points))


def test_search_and_gradient_path_agree():
    maps, shape = some_maps(5), tensor(SHAPES["segment"])
    points = tensor(pixel_centers((40, 30), Viewport(-1, -0.75, 1, 0.75)))
    _, found = winning_words(maps, "segment", shape, 4, points)
    torch.testing.assert_close(found, recursion_distance(maps, "segment", shape, 4, points))


@pytest.mark.parametrize("kind", SHAPES)
def test_recursion_distance_gradients(kind):
    rng = np.random.default_rng(7)
    points = tensor(rng.uniform(-1, 1, (15, 2)))

    def distance(scale, angle, images, shape, points):
        maps = similitudes_about(scale, angle, tensor([0.1, 0.2]), images)
        return recursion_distance(maps, kind, shape, 3, points)

    inputs = (
        tensor(rng.uniform(0.3, 0.6, 3)),
        tensor(rng.uniform(-3, 3, 3)),
        tensor(rng.uniform(-0.5, 0.5, (3, 2))),
        tensor(SHAPES[kind]),
        points,
    )
    for value in inputs:
        value.requires_grad_()
    assert torch.autograd.gradcheck(distance, inputs)
    gradients = torch.autograd.grad(distance(*inputs).sum(), inputs)
    assert all(g.abs().max() > 1e-3 for g in gradients)


@pytest.mark.parametrize("kind", SHAPES)
def test_distance_field_and_recursion_renderer_show_one_picture(kind):
    maps, shape = some_maps(11), tensor(SHAPES[kind])
    view, size = Viewport(-1, -1, 1, 1), (80, 80)
    points = tensor(pixel_centers(size, view))
    signed = recursion_distance(maps, kind, shape, 2, points).reshape(80, 80).numpy()
    picture = render_recursion(
        IFS(maps.matrices.numpy(), maps.offset.numpy()),
        Primitive(kind, tuple(SHAPES[kind])),
        2,
        size,
        view,
        hairline=0,
    )
    clear = np.abs(signed) > 0.025 * math.sqrt(0.5)  # half the diagonal of a pixel
    assert 0.005 < (signed < 0).mean() < 0.9
    assert np.array_equal(picture[clear], (signed < 0)[clear].astype(np.float32))


def test_pixel_centers_follow_the_conventions():
    points = pixel_centers((4, 2), Viewport(0, 0, 4, 2))
    np.testing.assert_allclose(
        points[:5], [[0.5, 1.5], [1.5, 1.5], [2.5, 1.5], [3.5, 1.5], [0.5, 0.5]]
    )


def test_the_number_of_threads_changes_no_word():
    # Tied leaves: two equal maps, so that only the order of the search decides.
    maps = some_maps(1)
    twice = Similitudes(*(torch.cat([t, t]) for t in (maps.scale, maps.linear, maps.offset)))
    points = tensor(np.random.default_rng(0).uniform(-1, 1, (5000, 2)))
    found = []
    for threads in (1, 3):
        with limited_threads(threads):
            found.append(winning_words(twice, "disk", tensor(SHAPES["disk"]), 3, points)[0])
    assert all(torch.equal(found[0], words) for words in found)


def test_too_many_leaves_are_refused_before_they_are_made():
    with pytest.raises(InputError, match="leaves"):
        check_leaves(9, 20)
    check_leaves(1, 1000)
