"""Evaluations of several seeds summed up, with 95 % intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from selfsame.errors import InputError

CONFIDENCE = 0.95

Record = Mapping[str, Any]
"""One evaluation: ``step`` of the pre-training, ``draw``, and the values of ``Evaluation``."""


@dataclass(frozen=True)
class Interval:
    """A mean and where its true value lies with a confidence of 95 %.

    Attributes:
        mean: of the values.
        low, high: the ends.
        method: ``t``: Student's, of several values; ``wilson``: of one share of right answers.
    """

    mean: float
    low: float
    high: float
    method: Literal["t", "wilson"]


def t_interval(values: Sequence[float]) -> Interval:
    """Return the mean of two or more independent values with Student's interval.

    Its ends may lie beyond 0 and 1.

    Raises:
        InputError: fewer than two values.
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        raise InputError(f"an interval of Student needs two values or more: got {n}")
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * math.sqrt(variance / n)
    return Interval(mean, mean - half, mean + half, "t")


def wilson_interval(share: float, trials: int) -> Interval:
    """Return a share of right answers with Wilson's score interval, which lies within 0 and 1.

    Args:
        share: 0 .. 1.
        trials: n >= 1, what it is a share of.
    Raises:
        InputError: an argument out of its range.
    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if trials < 1 or not 0 <= share <= 1:
        raise InputError(f"a share must lie within 0..1, of 1 or more: got {share} of {trials}")
    from scipy.stats import norm

    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    scale = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half), "wilson")


def accuracy_interval(accuracies: Sequence[float], tested: int) -> Interval:
    """Return the mean accuracy of several seeds with Student's interval, or of one with Wilson's.

    Args:
        accuracies: of each seed.
        tested: pictures that each was measured on.
    """
    if len(accuracies) == 1:
        return wilson_interval(accuracies[0], tested)
    return t_interval(accuracies)


def summary(records: Mapping[int, Sequence[Record]]) -> dict[str, Any]:
    """Return the results of all seeds, ready for JSON.

    ``accuracy`` is the mean after the last step with its 95 % interval, ``curve`` the same for
    every step that was evaluated. A seed counts once: with the mean of its draws.

    Args:
        records: by seed, each with the same steps and draws.
    """
    steps = sorted({record["step"] for record in next(iter(records.values()))})
    curve = []
    for step in steps:
        own = [[record for record in of if record["step"] == step] for of in records.values()]
        interval = accuracy_interval([_mean(part) for part in own], own[0][0]["tested"])
        curve.append({"step": step, **asdict(interval)})
    last = {name: value for name, value in curve[-1].items() if name != "step"}
    seeds = [
        {
            "seed": seed,
            "accuracy": _mean([record for record in of if record["step"] == steps[-1]]),
            "evaluations": list(of),
        }
        for seed, of in records.items()
    ]
    return {"accuracy": last, "curve": curve, "seeds": seeds}


def sentence(results: Mapping[str, Any]) -> str:
    """Return the results in words."""
    interval = results["accuracy"]
    seeds = len(results["seeds"])
    of = f"{seeds} seeds" if seeds > 1 else "one seed"
    low, high = (100 * interval[end] for end in ("low", "high"))
    return (
        f"accuracy {100 * interval['mean']:.2f} % (95 % interval {low:.2f} to {high:.2f}, of {of})"
    )


def _mean(records: Sequence[Record]) -> float:
    return math.fsum(record["accuracy"] for record in records) / len(records)
