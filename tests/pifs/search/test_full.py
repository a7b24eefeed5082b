"""The searches against a plain loop over all pairs of blocks."""

from typing import Any

import numpy as np
import pytest
from skimage import data

from selfsame.errors import InputError
from selfsame.isometries import transformed
from selfsame.pifs.code import CONTRACTION, COPY, HALF, MAX_SCALE, QUARTER
from selfsame.pifs.search.full import Matches, full_search, local_search
from selfsame.pifs.search.pools import domain_pool, range_pool
from selfsame.pifs.search.tiles import best_columns, best_columns_torch, columns_of, rows_of


def photograph(height: int, width: int, channel: int = 0) -> np.ndarray:
    picture = data.astronaut()[100 : 100 + height, 150 : 150 + width, channel]
    return picture.astype(np.float32) - 128


def contracted(plane: np.ndarray, y: int, x: int, n: int, k: int) -> np.ndarray:
    domain = plane[y : y + k * n, x : x + k * n].astype(np.float64)
    domain = domain.reshape(n, k, n, k).mean((1, 3))
    return domain - domain.mean()


def gain(block: np.ndarray, domain: np.ndarray) -> tuple[float, float]:
    """The reduction of the squared error by the best scale within the bound, and that scale."""
    norm2 = (domain**2).sum()
    if norm2 <= (0.01 * len(block)) ** 2:
        return 0.0, 0.0
    s = np.clip((block * domain).sum() / norm2, -MAX_SCALE, MAX_SCALE)
    return (block**2).sum() - ((block - s * domain) ** 2).sum(), s


def all_gains(
    ranges: np.ndarray,
    domains: np.ndarray,
    n: int,
    kind: int,
    positions: tuple[Any, Any],
    *,
    isometries: Any = range(8),
) -> np.ndarray:
    """(rows, columns, ny, nx): the gain of every block with every domain, best isometry."""
    k = CONTRACTION[kind]
    rows, columns = ranges.shape[0] // n, ranges.shape[1] // n
    ys, xs = positions
    table = np.zeros((rows, columns, len(ys), len(xs)))
    for a, y in enumerate(ys):
        for b, x in enumerate(xs):
            domain = contracted(domains, y, x, n, k)
            for i in range(rows):
                for j in range(columns):
                    block = contracted(ranges, i * n, j * n, n, 1)
                    table[i, j, a, b] = max(
                        gain(block, transformed(domain, t))[0] for t in isometries
                    )
                    overlaps = abs(y - i * n) < n and abs(x - j * n) < n
                    if kind == COPY and ranges is domains and overlaps:
                        table[i, j, a, b] = 0
    return table


def grid(length: int, n: int, step: int, kind: int) -> range:
    return range(0, length - n * CONTRACTION[kind] + 1, step)


def check_consistent(
    found: Matches, ranges: np.ndarray, domains: np.ndarray, n: int, kind: int
) -> None:
    """Each match has the scale and the gain that its domain and isometry give."""
    for index in np.ndindex(found.gain.shape):
        block = contracted(ranges, index[1] * n, index[2] * n, n, 1)
        domain = contracted(
            domains, found.domain_y[index], found.domain_x[index], n, CONTRACTION[kind]
        )
        g, s = gain(block, transformed(domain, found.isometry[index]))
        if found.gain[index] == 0:
            assert found.scale[index] == 0
        else:
            assert found.scale[index] == pytest.approx(s, rel=1e-3, abs=1e-4)
            assert found.gain[index] == pytest.approx(g, rel=1e-3, abs=0.05)


@pytest.mark.parametrize(
    ("n", "step", "kind", "isometries", "keep"),
    [
        (4, 5, HALF, range(8), 1),
        (8, 3, HALF, range(8), 3),
        (8, 4, QUARTER, (0, 3, 5), 2),
        (8, 3, COPY, range(8), 2),
        (8, 4, HALF, (6,), 1),
        (16, 3, HALF, range(8), 1),
    ],
)
def test_full_search_equals_all_pairs(
    n: int, step: int, kind: int, isometries: Any, keep: int
) -> None:
    ranges = photograph(2 * n + 3, 3 * n + 1)
    ranges = np.pad(ranges, ((0, 30), (0, 40)), mode="reflect")[: 4 * n + 7, : 5 * n + 2]
    domains = ranges if kind == COPY else photograph(50, 54, 1)
    positions = tuple(grid(length, n, step, kind) for length in domains.shape)
    table = all_gains(ranges, domains, n, kind, positions, isometries=isometries)
    found = full_search(
        ranges,
        domains,
        n,
        step,
        kind,
        isometries=isometries,
        keep=keep,
        threads=1,
    )
    best = -np.sort(-table.reshape(*table.shape[:2], -1), axis=-1)[..., :keep]
    np.testing.assert_allclose(found.gain, np.moveaxis(best, -1, 0), rtol=1e-3, atol=0.5)
    check_consistent(found, ranges, domains, n, kind)
    assert set(np.unique(found.isometry)) <= set(isometries)
    assert (found.domain_y % step == 0).all()


def test_mirror_images_at_once_equal_one_by_one() -> None:
    plane = photograph(136, 120)
    once = full_search(plane, plane, 8, 3, threads=1)
    each = [full_search(plane, plane, 8, 3, isometries=[t], threads=1).gain for t in range(8)]
    np.testing.assert_allclose(once.gain, np.max(each, axis=0), rtol=1e-4, atol=0.1)
    assert len(np.unique(once.isometry)) == 8


def test_local_search_equals_all_pairs_of_its_window() -> None:
    n, step, radius = 16, 13, 39
    ranges, domains = photograph(150, 214), photograph(150, 214, 2)
    found = local_search(ranges, domains, n, step, radius, keep=2, threads=1)
    assert found.gain.shape == (2, 9, 13)
    side, reach = 8, radius + 32  # eight blocks are 128 pixels, 32 more at either end than 64
    count = 2 * reach // step + 1
    for i in range(0, 9, side):
        for j in range(0, 13, side):
            positions = []
            for first, length in ((i, 150), (j, 214)):
                every = np.array(grid(length, n, step, HALF))
                away = every + n - (first + side // 2) * n  # from centre to centre
                lowest = min(np.searchsorted(away, -reach), max(len(every) - count, 0))
                positions.append(every[lowest : lowest + count])
            part = ranges[i * n : (i + side) * n, j * n : (j + side) * n]
            table = all_gains(part, domains, n, HALF, (positions[0], positions[1]))
            best = -np.sort(-table.reshape(*table.shape[:2], -1), axis=-1)[..., :2]
            mine = (slice(None), slice(i, i + table.shape[0]), slice(j, j + table.shape[1]))
            np.testing.assert_allclose(
                found.gain[mine], np.moveaxis(best, -1, 0), rtol=1e-3, atol=0.5
            )
            assert np.isin(found.domain_y[mine], positions[0]).all()
            assert np.isin(found.domain_x[mine], positions[1]).all()
    check_consistent(found, ranges, domains, n, HALF)


def test_domains_around_the_middle_superblock_are_those_within_the_radius() -> None:
    plane = np.random.default_rng(0).normal(0, 30, (5 * 64, 5 * 64)).astype(np.float32)
    found = local_search(plane, plane, 8, 4, 48, threads=1)
    middle = (0, slice(16, 24), slice(16, 24))
    for corner in (found.domain_y[middle], found.domain_x[middle]):
        away = corner + 8 - 160
        # Of 64 blocks of noise some draw from everywhere.
        assert -48 <= away.min() < -30
        assert 30 < away.max() <= 48


def test_the_result_does_not_depend_on_threads() -> None:
    plane = photograph(136, 200)
    for search in (full_search, lambda *a, **o: local_search(*a, 50, **o)):
        one, two = (search(plane, plane, 8, 4, threads=t) for t in (1, 2))
        for name in vars(one):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_the_result_does_not_depend_on_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    plane = photograph(300, 100)
    for kind in (HALF, COPY):
        monkeypatch.setattr("selfsame.pifs.search.full._BAND_VALUES", 2**26)
        once = local_search(plane, plane, 8, 6, 40, kind, threads=1)
        monkeypatch.setattr("selfsame.pifs.search.full._BAND_VALUES", 1)
        bands = local_search(plane, plane, 8, 6, 40, kind, threads=1)
        assert (once.domain_y > 200).any()
        for name in vars(once):
            np.testing.assert_array_equal(getattr(once, name), getattr(bands, name))


def test_a_penalty_moves_the_choice() -> None:
    plane = photograph(64, 64)
    shape = domain_pool(plane, 8, 4, 2).norms.shape
    penalty = np.full(shape, 1e7, np.float32)
    penalty[3, 5] = 0
    found = full_search(plane, plane, 8, 4, penalty=penalty, threads=1)
    some = found.gain > 0
    assert some.mean() > 0.9
    assert (found.domain_y[some] == 12).all()
    assert (found.domain_x[some] == 20).all()
    free = full_search(plane, plane, 8, 4, threads=1)
    assert (free.gain >= found.gain).all()
    table = all_gains(plane, plane, 8, HALF, (range(0, 49, 4), range(0, 49, 4)))
    slope = np.linspace(0, 3000, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    found = full_search(plane, plane, 8, 4, penalty=slope, threads=1)
    paid = found.gain[0] - slope[found.domain_y[0] // 4, found.domain_x[0] // 4]
    np.testing.assert_allclose(paid, (table - slope).max((2, 3)), rtol=1e-3, atol=0.5)


@pytest.mark.parametrize("isometries", [range(8), (0, 2, 5)])
def test_torch_finds_the_same(isometries: Any) -> None:
    plane = photograph(72, 88)
    allowed = tuple(isometries)
    columns = columns_of(domain_pool(plane, 8, 3, 2), allowed)
    blocks = range_pool(plane, 8)
    rows = rows_of(blocks, allowed, np.arange(blocks.norms.size))
    ours = best_columns(rows, columns, 8, 4)
    theirs = best_columns_torch(rows, columns, 8, 4, "cpu")
    assert (ours == theirs).mean() > 0.99  # all but ties
    assert (np.abs(columns.places[theirs] - rows.places[:, None]).max(2) >= 8).all()


def test_flat_domains_and_planes_without_domains_give_no_match() -> None:
    flat = np.full((40, 40), 7, np.float32)
    for found in (
        full_search(photograph(40, 40), flat, 8, 4, keep=2, threads=1),
        full_search(photograph(40, 40), flat[:15], 8, 4, keep=2, threads=1),
        local_search(flat, photograph(40, 40), 8, 4, 20, keep=2, threads=1),
        local_search(photograph(12, 40), photograph(12, 40), 8, 4, 20, keep=2, threads=1),
    ):
        for name in vars(found):
            assert not getattr(found, name).any()
    assert full_search(flat[:7], photograph(40, 40), 8, 4).gain.shape == (1, 0, 5)


def test_pools_hold_unit_vectors_in_the_order_of_their_grid() -> None:
    plane = photograph(60, 47)
    pool = domain_pool(plane, 8, 5, 2)
    assert pool.cosines.shape == (4, 16, 9, 7)
    np.testing.assert_allclose((pool.cosines**2).sum((0, 1)), 1, atol=1e-5)
    domain = contracted(plane, pool.y[2], pool.x[4], 8, 2)
    assert pool.norms[2, 4] == pytest.approx(np.sqrt((domain**2).sum()), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block": 12}, "side of a block must be one of"),
        ({"step": 0}, "step of the domains must be at least 1"),
        ({"isometries": (8,)}, "isometries must be some of 0 to 7"),
        ({"isometries": ()}, "isometries must be some of 0 to 7"),
        ({"penalty": np.zeros((1, 1), np.float32)}, "penalty must be .* of shape"),
        ({"penalty": np.full((7, 7), -1, np.float32)}, "penalty must be at least 0"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    plane = photograph(40, 40)
    arguments = {"ranges": plane, "domains": plane, "block": 8, "step": 4, **change}
    with pytest.raises(InputError, match=message):
        full_search(**arguments)


def test_a_step_of_a_window_must_lead_on() -> None:
    plane = photograph(40, 40)
    with pytest.raises(InputError, match="step of the domains"):
        local_search(plane, plane, 8, 0, 20)
