import numpy as np
import pytest
from scipy import stats

from selfsame import IFS, InputError
from selfsame.ifs.samples.random import (
    FILLING_SIZE,
    filling_rate,
    matrices_from_svd_form,
    sample_anderson_farrell,
    sample_fractaldb,
    search_fractaldb,
)

SAMPLERS = [sample_fractaldb, sample_anderson_farrell]


@pytest.mark.parametrize("sample", SAMPLERS)
def test_a_system_depends_on_seed_and_index_alone(sample) -> None:
    many = sample(20, seed=7)
    assert sample(5, seed=7, start=10) == many[10:15]
    assert sample(20, seed=7) == many
    assert sample(20, seed=8) != many
    assert sample(0, seed=7) == []
    assert len({system.matrices.tobytes() for system in many}) == 20


@pytest.mark.parametrize("sample", SAMPLERS)
def test_map_counts_are_uniform_and_within_the_range(sample) -> None:
    counts = np.bincount([len(s) for s in sample(3000, seed=1, maps=(3, 5))], minlength=6)
    assert counts[:3].sum() == 0
    assert stats.chisquare(counts[3:]).pvalue > 1e-4
    assert {len(s) for s in sample(200, seed=1, maps=(4, 4))} == {4}
    assert {len(s) for s in sample(300, seed=1)} == {2, 3, 4, 5, 6, 7, 8}


@pytest.mark.parametrize("sample", SAMPLERS)
def test_probabilities_follow_the_area(sample) -> None:
    for system in sample(50, seed=2):
        area = np.abs(np.linalg.det(system.matrices))
        assert system.probabilities == pytest.approx(area / area.sum(), rel=1e-9, abs=1e-15)


def test_fractaldb_parameters_are_uniform() -> None:
    systems = sample_fractaldb(1500, seed=3)
    matrices = np.concatenate([s.matrices.reshape(-1, 4) for s in systems])
    offsets = np.concatenate([s.offsets for s in systems])
    for column in np.concatenate([matrices, offsets], axis=1).T:
        assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 1e-4
    correlation = np.corrcoef(np.concatenate([matrices, offsets], axis=1).T)
    assert np.abs(correlation - np.eye(6)).max() < 0.06


def test_anderson_farrell_keeps_the_sigma_factor_and_contracts() -> None:
    shares = []
    for system in sample_anderson_farrell(1500, seed=4):
        sigma = np.linalg.svd(system.matrices, compute_uv=False)
        n = len(system)
        assert sigma.max() <= 1 + 1e-12
        alpha = (sigma[:, 0] + 2 * sigma[:, 1]).sum()
        shares.append(2 * alpha - 5 - n)
    assert stats.kstest(shares, stats.uniform(0, 1).cdf).pvalue > 1e-4


def singular_values_one_by_one(n: int, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """The sampling as a plain loop: each value uniform in what the rest leaves possible."""
    sigma = []
    for i in range(n - 1):
        rest = alpha - sum(a + 2 * b for a, b in sigma)
        room = 3 * (n - 1 - i)
        first = rng.uniform(max(0, (rest - room) / 3), min(1, rest))
        second = rng.uniform(max(0, (rest - first - room) / 2), min(first, (rest - first) / 2))
        sigma.append((first, second))
    rest = alpha - sum(a + 2 * b for a, b in sigma)
    second = rng.uniform(max(0, (rest - 1) / 2), rest / 3)
    return np.array([*sigma, (rest - 2 * second, second)])


def test_singular_values_are_distributed_as_in_a_plain_loop() -> None:
    n, rng = 4, np.random.default_rng(0)
    plain = np.array([singular_values_one_by_one(n, rng.uniform(4.5, 5), rng) for _ in range(3000)])
    ours = np.array(
        [
            np.linalg.svd(s.matrices, compute_uv=False)
            for s in sample_anderson_farrell(2000, seed=5, maps=(n, n))
        ]
    )
    for i in range(n):
        for j in range(2):
            assert stats.ks_2samp(plain[:, i, j], ours[:, i, j]).pvalue > 1e-4


def test_anderson_farrell_turns_and_mirrors_evenly() -> None:
    systems = sample_anderson_farrell(1500, seed=6)
    A = np.concatenate([s.matrices for s in systems])
    left = np.linalg.svd(A)[0][:, :, 0]
    angles = np.arctan2(left[:, 1], left[:, 0]) % np.pi  # a singular vector has no direction
    assert stats.kstest(angles, stats.uniform(0, np.pi).cdf).pvalue > 1e-4
    assert abs((np.linalg.det(A) < 0).mean() - 0.5) < 0.03
    offsets = np.concatenate([s.offsets for s in systems]).ravel()
    assert stats.kstest(offsets, stats.uniform(-1, 2).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maps": (0, 3)}, r"maps must be \(least, most\)"),
        ({"maps": (5, 3)}, r"maps must be \(least, most\)"),
        ({"maps": (2, 10**9)}, r"maps must be \(least, most\)"),
        ({"count": -1}, "must not be negative"),
        ({"start": -1}, "must not be negative"),
        ({"seed": -1}, "seed within"),
        ({"seed": 2**63}, "seed within"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sample_fractaldb(**{"count": 1, "seed": 0, **options})


def test_anderson_farrell_needs_two_maps() -> None:
    with pytest.raises(InputError, match="at least 2 maps"):
        sample_anderson_farrell(1, seed=0, maps=(1, 3))


# --- the filling-rate search ---


def scalar_filling_rate(system: IFS, seed: int, points: int = 100_000) -> float:
    """One chain from the origin, stretched to 500 pixels: FractalDB's procedure by hand."""
    rng = np.random.default_rng(seed)
    choices = rng.choice(len(system), points, p=system.probabilities).tolist()
    pairs = zip(system.matrices, system.offsets, strict=True)
    maps = [(*A.ravel().tolist(), *b.tolist()) for A, b in pairs]
    x = y = 0.0
    path = []
    for choice in choices:
        a, b, c, d, e, f = maps[choice]
        x, y = a * x + b * y + e, c * x + d * y + f
        path.append((x, y))
    xy = np.array(path[100:])
    cells = ((xy - xy.min(0)) / np.ptp(xy, axis=0) * 500).astype(int)
    return len(np.unique(cells, axis=0)) / FILLING_SIZE**2


def test_filling_rate_agrees_with_a_scalar_chaos_game() -> None:
    for system in sample_anderson_farrell(4, seed=9)[2:]:
        # The rarest points set the extent: a run that meets one of them has a rate a tenth
        # lower. The best of several runs has met none, and varies by a percent or two.
        ours = max(filling_rate(system, seed=seed) for seed in range(7))
        theirs = max(scalar_filling_rate(system, seed) for seed in range(7))
        assert ours == pytest.approx(theirs, rel=0.04)


def test_filling_rate_at_the_edges() -> None:
    point = IFS([np.eye(2) / 2], [[3, 4]])
    assert filling_rate(point, seed=0) == 1 / FILLING_SIZE**2
    segment = IFS([np.eye(2) / 2] * 2, [[0, 0], [0.5, 0]])
    assert filling_rate(segment, seed=0) == pytest.approx(500 / FILLING_SIZE**2, abs=2e-5)
    escaping = IFS([2 * np.eye(2)] * 2, [[1, 0], [0, 1]])
    assert filling_rate(escaping, seed=0) == 0


def test_search_returns_the_first_systems_that_fill_enough() -> None:
    drawn = sample_fractaldb(64, seed=0)
    expected = [s for s in drawn if filling_rate(s, seed=0) >= 0.1]
    found = search_fractaldb(len(expected), seed=0, rate=0.1)
    assert len(expected) > len([s for s in drawn[:32] if s in expected]) > 0
    assert found == expected
    assert search_fractaldb(2, seed=0, rate=0.1, threads=1) == expected[:2]
    assert search_fractaldb(0, seed=0) == []


def test_search_gives_up_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfsame.ifs.samples.random.MAX_TRIES_PER_SYSTEM", 32)
    with pytest.raises(InputError, match="found 0 of 1 systems"):
        search_fractaldb(1, seed=0, rate=0.9)
    for bad in (0, 1, np.nan):
        with pytest.raises(InputError, match="rate must be within"):
            search_fractaldb(1, seed=0, rate=bad)


def test_svd_form_is_the_product_of_equation_10() -> None:
    theta, s1, s2, phi = 0.7, 2.0, 0.5, -1.9
    signs = np.array([-1.0, 1.0])

    def rotation(t: float) -> np.ndarray:
        return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])

    expected = rotation(theta) @ np.diag([s1, s2]) @ rotation(phi) @ np.diag(signs)
    found = matrices_from_svd_form(np.array(theta), np.array([s1, s2]), np.array(phi), signs)
    assert found == pytest.approx(expected)
