"""The last pixels: a pattern search on the very picture that ``render_recursion`` draws."""

import math
from collections.abc import Callable

import numpy as np

from selfsame.ifs.distance.layouts import Parameters, bound_parameters, learned

GROW, SHRINK = 1.6, 0.5
"""How a coordinate's step changes after success and failure."""

SMALLEST_PX = 0.01
"""The search ends when every step is below this many pixels."""


def polish(
    parameters: Parameters,
    error: Callable[[Parameters], float],
    *,
    pixel: float,
    evaluations: int,
    rng: np.random.Generator,
) -> tuple[Parameters, float]:
    """Return parameters that lower ``error``, and its value there.

    One coordinate at a time, in random order, moves by its own step, forwards or else
    backwards; steps adapt. Positions start with half a pixel; logarithms and angles with the
    change that moves a point at unit distance by two pixels.

    Args:
        error: pure function of the parameters; its values are compared, so that it may be
            piecewise constant (a count of pixels).
        pixel: side of a pixel in the units of the positions.
        evaluations: most calls of ``error``.
    """
    names = learned(parameters)
    best = {name: value.detach().clone() for name, value in parameters.items()}
    lowest = error(best)
    used = 1
    coordinates = [(name, i) for name in names for i in range(best[name].numel())]
    unit = {name: 4.0 if name.startswith("log_") or name == "angle" else 1.0 for name in names}
    step = {c: 0.5 * pixel * unit[c[0]] for c in coordinates}
    side = dict.fromkeys(coordinates, 1.0)

    def try_step(name: str, i: int) -> bool:
        nonlocal best, lowest, used
        trial = {key: value.clone() for key, value in best.items()}
        trial[name].view(-1)[i] += side[name, i] * step[name, i]
        bound_parameters(trial)
        value = error(trial)
        used += 1
        if not math.isfinite(value) or value >= lowest:
            return False
        best, lowest = trial, value
        return True

    while used < evaluations and any(
        step[c] > SMALLEST_PX * pixel * unit[c[0]] for c in coordinates
    ):
        for k in rng.permutation(len(coordinates)):
            if used >= evaluations:
                break
            c = coordinates[k]
            if try_step(*c):
                step[c] *= GROW
                continue
            side[c] = -side[c]
            step[c] *= 1.0 if try_step(*c) else SHRINK
    return best, lowest
