"""The plainest chaos game."""

import numpy as np

from selfsame.ifs.system import IFS


def chaos_points(system: IFS, count: int, seed: int = 0) -> np.ndarray:
    """The plainest chaos game: many chains side by side, 200 steps forgotten."""
    rng = np.random.default_rng(seed)
    chains = 512
    points, kept = np.zeros((chains, system.dimension)), []
    for step in range(200 + count // chains):
        choice = rng.choice(len(system), chains, p=system.probabilities)
        points = np.einsum("nij,nj->ni", system.matrices[choice], points) + system.offsets[choice]
        if step >= 200:
            kept.append(points)
    return np.concatenate(kept)
