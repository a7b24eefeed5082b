import math

import numpy as np
import pytest

from selfsame import InputError
from selfsame.ifs.geometry.bounds import STRICTLY_BELOW_ONE, word_cover
from selfsame.ifs.geometry.dimension import similarity_dimension
from selfsame.ifs.samples.library import classic, classic_info, classic_names
from support.chaos_points import chaos_points

# Hausdorff dimensions as the literature states them, written independently of the library.
KNOWN_DIMENSIONS = {
    "cantor-cube": 1.8928,
    "cantor-dust": 1.2619,
    "golden-dragon": 1.6180,
    "gosper-island": 2,
    "heighway-dragon": 2,
    "hexaflake": 1.7712,
    "jerusalem-cube": 2.5291,
    "koch-curve": 1.2619,
    "koch-snowflake": 2,
    "levy-c": 2,
    "menger-sponge": 2.7268,
    "mosely-snowflake": 2.6309,
    "pentaflake": 1.8617,
    "pentigree": 1.8617,
    "sierpinski-carpet": 1.8928,
    "sierpinski-gasket": 1.5850,
    "sierpinski-hexagon": 1.6309,
    "sierpinski-octahedron": 2.5850,
    "sierpinski-pentagon": 1.6723,
    "sierpinski-tetrahedron": 2,
    "terdragon": 2,
    "twindragon": 2,
    "vicsek": 1.4650,
    "chair": 2,
}


@pytest.mark.parametrize("name", classic_names())
def test_every_classic_is_documented_and_has_an_attractor(name: str) -> None:
    info = classic_info(name)
    assert info.name == name
    assert info.source
    system = classic(name)
    assert word_cover(system, STRICTLY_BELOW_ONE) is not None
    assert system == info.make()
    if info.dimension is None:
        assert name not in KNOWN_DIMENSIONS
    else:
        assert similarity_dimension(system) == pytest.approx(info.dimension, abs=1e-9)
        assert info.dimension == pytest.approx(KNOWN_DIMENSIONS[name], abs=6e-5)


@pytest.mark.parametrize("name", [n for n in classic_names() if classic_info(n).dimension])
def test_those_with_a_dimension_are_made_of_similitudes(name: str) -> None:
    sigma = np.linalg.svd(classic(name).matrices, compute_uv=False)
    assert sigma.min(axis=1) == pytest.approx(sigma.max(axis=1))


def hit_boxes(points: np.ndarray, low: np.ndarray, side: float, across: int) -> int:
    """Boxes of a grid over [low, low + side]^d that hold a point."""
    cells = np.minimum(((points - low) / side * across).astype(np.int64), across - 1)
    flat = cells @ across ** np.arange(points.shape[1])
    return int((np.bincount(flat) > 0).sum())


@pytest.mark.parametrize("name", sorted(KNOWN_DIMENSIONS))
def test_box_counting_agrees_roughly(name: str) -> None:
    """Would the images overlap, fewer boxes than Moran's equation promises would be hit."""
    system = classic(name)
    points = chaos_points(system, 200_000)
    low, side = points.min(axis=0), float(np.ptp(points, axis=0).max())
    sizes = np.array([16, 32, 64, 128] if system.dimension == 2 else [6, 12, 24, 48])
    # Averaged over shifted grids, as a single one may lie on the construction's lines.
    shifts = np.random.default_rng(0).random((4, system.dimension))
    counts = [
        np.mean([hit_boxes(points, low - t * side / k, side * (1 + 1 / k), k + 1) for t in shifts])
        for k in sizes
    ]
    slope = np.polyfit(np.log(sizes), np.log(counts), 1)[0]
    # Boxes on the border of a set count in full, which flattens the slope at these sizes.
    assert slope == pytest.approx(KNOWN_DIMENSIONS[name], abs=0.3)


def area(name: str) -> float:
    points = chaos_points(classic(name), 400_000)
    low, side = points.min(axis=0), float(np.ptp(points, axis=0).max())
    return hit_boxes(points, low, side, 250) * (side / 250) ** 2


def test_tiles_have_the_area_that_their_construction_promises() -> None:
    assert area("chair") == pytest.approx(3, rel=0.03)
    assert area("koch-snowflake") == pytest.approx(1.2 * math.sqrt(3), rel=0.05)
    # Tiles of the lattice of 0 and 1, 1j (twindragon) or the Eisenstein integers (Gosper).
    assert area("twindragon") == pytest.approx(1, rel=0.2)
    assert area("gosper-island") == pytest.approx(math.sqrt(3) / 2, rel=0.1)


@pytest.mark.parametrize(
    "name", ["koch-curve", "levy-c", "heighway-dragon", "terdragon", "pentigree", "golden-dragon"]
)
def test_curves_run_from_0_to_1_and_their_pieces_join(name: str) -> None:
    system = classic(name)
    ends = np.array([[0.0, 0.0], [1.0, 0.0]])
    images = np.einsum("nij,ej->nei", system.matrices, ends) + system.offsets[:, None]
    if name in ("heighway-dragon", "golden-dragon"):  # the second half runs backwards
        images[1] = images[1, ::-1]
    assert images[0, 0] == pytest.approx([0, 0], abs=1e-12)
    assert images[-1, 1] == pytest.approx([1, 0], abs=1e-12)
    assert images[:-1, 1] == pytest.approx(images[1:, 0], abs=1e-12)


def test_unknown_names_get_suggestions() -> None:
    with pytest.raises(InputError, match="did you mean barnsley-fern"):
        classic("barnsly-fern")
    with pytest.raises(InputError, match="use one of"):
        classic("zzz")
    assert classic_names() == sorted(classic_names())
