"""The learning rate of every step: a linear warm-up, then half a cosine."""

import math


def learning_rate_factor(
    step: int, steps: int, *, warmup_steps: int = 0, final_fraction: float = 0.0
) -> float:
    """Return what the learning rate is multiplied with at ``step``, 0 to ``steps - 1``.

    It rises in equal steps to 1, which step ``warmup_steps`` has, and falls along a cosine to
    ``final_fraction``, which the last step has. A warm-up as long as the training never ends.

    Source: Loshchilov and Hutter 2017, SGDR, without restarts.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    fall = steps - 1 - warmup_steps
    fraction = (step - warmup_steps) / fall if fall > 0 else 0.0
    return final_fraction + (1 - final_fraction) * (1 + math.cos(math.pi * min(1, fraction))) / 2
