"""Chains and drawings point by point, in plain Python: what the compiled ones are held against."""

import numpy as np

Array = np.ndarray


def draw(
    matrices: Array, offsets: Array, log_probabilities: Array, uniforms: Array
) -> tuple[Array, Array]:
    """Return points (B, T, 2) and pictures (B, 32, 32) of the window [-1, 1]², σ = 1 pixel²."""
    points = np.empty((*uniforms.shape, 2))
    pictures = np.zeros((len(uniforms), 32, 32))
    for item, (A, b, log_p) in enumerate(zip(matrices, offsets, log_probabilities, strict=True)):
        x = np.linalg.solve(np.eye(2) - A[0], b[0])
        for t, u in enumerate(uniforms[item]):
            chosen, p = 0, np.exp(log_p)
            while chosen < len(p) - 1 and u >= p[: chosen + 1].sum() / p.sum():
                chosen += 1
            x = A[chosen] @ x + b[chosen]
            points[item, t] = x
            column, row = 16 * (x[0] + 1), 16 * (1 - x[1])
            for i in range(32):
                for j in range(32):
                    d2 = (i + 0.5 - row) ** 2 + (j + 0.5 - column) ** 2
                    pictures[item, i, j] += np.exp(-d2)
    return points, np.minimum(pictures, 1)
