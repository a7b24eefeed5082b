"""Random valid codes, and symbols that are distributed as those of photographs."""

import numpy as np

from selfsame.collage.code import CollageCode, scan_positions, symbol_shapes


def random_code(seed=0, width=50, height=37, channels=3, alpha=False, **options):
    """A valid code of noise: few weights, small and large."""
    rng = np.random.default_rng(seed)
    atoms = options.pop("atoms", (20, 6, 9)[:channels])
    domains = options.pop("domains", 2)
    size = options.pop("range_size", 16)
    symbols = []
    for shape in symbol_shapes(width, height, size, atoms, domains):
        plane = rng.geometric(0.3, shape) * rng.choice([-1, 1], shape) * (rng.random(shape) < 0.2)
        plane[0] = np.rint(rng.normal(0, 40, shape[1:]))
        symbols.append(plane.astype(np.int32))
    return CollageCode(
        width=width,
        height=height,
        model=options.pop("model", "tests"),
        fingerprint=bytes(range(8)),
        step=int(rng.integers(256)),
        range_size=size,
        atoms=atoms,
        domains=domains,
        iterations=int(rng.integers(9)),
        symbols=tuple(symbols),
        alpha=rng.integers(0, 256, (height, width), dtype=np.uint8) if alpha else None,
        **options,
    )


def same(a, b):
    """Whether two codes are equal, arrays and all."""
    fields = ("size", "model", "fingerprint", "step", "range_size", "atoms", "domains")
    if any(getattr(a, name) != getattr(b, name) for name in (*fields, "iterations")):
        return False
    if (a.alpha is None) != (b.alpha is None):
        return False
    pairs = [*zip(a.symbols, b.symbols, strict=True)]
    if a.alpha is not None:
        pairs.append((a.alpha, b.alpha))
    return all(p.dtype == q.dtype and np.array_equal(p, q) for p, q in pairs)


def lifelike_symbols(seed, rows=24, columns=32, atoms=(60, 20, 20), scale=3.0):
    """Laplacian weights whose scale falls with frequency and varies smoothly over the picture, and
    biases that walk at random: what a model makes of a photograph, about."""
    rng = np.random.default_rng(seed)
    places = np.array(scan_positions(max(atoms))).sum(axis=1)
    activity = rng.normal(0, 1, (rows, columns))
    for _ in range(3):
        activity = (activity + np.roll(activity, 1, 0) + np.roll(activity, 1, 1)) / 1.7
    planes = []
    for p, count in enumerate(atoms):
        spread = scale / (1 + 2 * (p > 0)) * np.exp(activity) / (1 + places[:count, None, None])
        weights = np.trunc(rng.laplace(0, spread, (count, rows, columns)))
        steps = rng.laplace(0, 6 / (1 + 2 * (p > 0)), (rows, columns))
        bias = np.rint((steps.cumsum(0) + steps.cumsum(1)) / 2)
        domains = (rng.random((1, rows, columns)) < 0.01).astype(float)
        planes.append(np.concatenate([bias[None], weights, domains]).astype(np.int32))
    return tuple(planes)
