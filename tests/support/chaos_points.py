"""The plainest chaos game, and what its points tend to."""

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


def invariant_moments(system: IFS) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the chaos game's points, from the equations that they solve.

    ``m = Σ p_i (A_i m + b_i)`` and, with ``v_i = A_i m + b_i - m``,
    ``C = Σ p_i (A_i C A_iᵀ + v_i v_iᵀ)``.
    """
    A, b, p, d = system.matrices, system.offsets, system.probabilities, system.dimension
    mean = np.linalg.solve(np.eye(d) - np.einsum("n,nij->ij", p, A), p @ b)
    v = A @ mean + b - mean
    squares = np.einsum("n,nij,nkl->ikjl", p, A, A).reshape(d * d, d * d)
    spread = np.einsum("n,ni,nj->ij", p, v, v).reshape(d * d)
    return mean, np.linalg.solve(np.eye(d * d) - squares, spread).reshape(d, d)
