"""Multinomial logistic regression to convergence.

Minimised is ``mean_i CE(x_i W + b, y_i) + l2 / 2 · |W|²``; the biases b cost nothing. L-BFGS sees
it in the principal axes of the features, each scaled by the root of about its curvature: tens of
steps instead of thousands.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.errors import DivergedError, InputError

MOST_STEPS = 2000
_GRADIENT = 1e-6
"""Largest entry of the gradient at the end, in the scaled variables."""

_HISTORY = 20
_LEAST_CURVATURE = 1e-6
"""Of that where all classes are as likely."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A linear classifier: logits ``x W + b``.

    Attributes:
        weight: W, (F, C) float64.
        bias: b, (C,) float64.
    """

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits of features (N, F), (N, C)."""
        return features.double() @ self.weight + self.bias


class LogisticRegression:
    """Regressions of the same features at several strengths.

    Args:
        features: (N, F), finite; better centred and of similar scales.
        labels: (N,) int64, 0 .. classes - 1.
        classes: C.
    Raises:
        InputError: other shapes, or numbers that are not finite.
    """

    def __init__(self, features: Tensor, labels: Tensor, classes: int) -> None:
        if features.ndim != 2 or labels.shape != features.shape[:1] or len(labels) == 0:
            raise InputError(
                "features must be (N, F) with labels (N,): "
                f"got {tuple(features.shape)} and {tuple(labels.shape)}"
            )
        if not bool(features.isfinite().all()):
            raise InputError("features must be finite: got NaN or infinity; look at the network")
        wide = features.double()
        self._labels, self._classes = labels, classes
        self._rows = torch.arange(len(labels))
        moments = wide.T @ wide / len(wide)
        self._spread, self._axes = torch.linalg.eigh(moments)
        self._turned = wide @ self._axes

    def fit(self, l2: float, start: Classifier | None = None) -> Classifier:
        """Return the classifier of the least loss.

        Args:
            l2: strength of the penalty, above 0.
            start: where to begin.
        Raises:
            InputError: l2 is not above 0.
            DivergedError: no minimum within ``MOST_STEPS``.
        """
        from scipy.optimize import minimize

        if not 0 < l2 < float("inf"):
            raise InputError(f"l2 must be above 0 and finite: got {l2}")
        curvature = self._curvature(start)
        scales = (curvature * self._spread.clamp(min=0) + l2).rsqrt()
        ones = torch.full((len(self._labels), 1), curvature**-0.5, dtype=torch.float64)
        scaled = torch.cat([self._turned * scales, ones], 1)
        # l2 · |W|² in the scaled variables; nothing for the biases.
        costs = torch.cat([l2 * scales.square(), torch.zeros(1, dtype=torch.float64)])[:, None]

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            v = torch.from_numpy(flat).reshape(-1, self._classes)
            logits = scaled @ v
            total = logits.logsumexp(1)
            cross = (total - logits[self._rows, self._labels]).mean()
            slopes = (logits - total[:, None]).exp_()
            slopes[self._rows, self._labels] -= 1
            gradient = scaled.T @ slopes / len(slopes) + costs * v
            value = cross + (costs * v.square()).sum() / 2
            return float(value), gradient.reshape(-1).numpy()

        begin = torch.zeros(len(costs), self._classes, dtype=torch.float64)
        if start is not None:
            begin[:-1] = (self._axes.T @ start.weight) / scales[:, None]
            begin[-1] = start.bias * curvature**0.5
        options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "maxcor": _HISTORY}
        found = minimize(
            loss,
            begin.reshape(-1).numpy(),
            jac=True,
            method="L-BFGS-B",
            options={**options, "gtol": _GRADIENT, "ftol": 0.0},
        )
        if found.status == 1 or not np.isfinite(found.fun):  # 1: out of steps or of evaluations
            raise DivergedError(
                f"no minimum within {MOST_STEPS} steps at l2 {l2:g}; take a larger l2"
            )
        v = torch.from_numpy(found.x).reshape(-1, self._classes)
        return Classifier(self._axes @ (v[:-1] * scales[:, None]), v[-1] / curvature**0.5)

    def _curvature(self, start: Classifier | None) -> float:
        """Return the mean variance ``p (1 - p)`` of the classes: as they are named at the start, or
        if all are as likely."""
        even = (1 - 1 / self._classes) / self._classes
        if start is None:
            return even
        p = (self._turned @ (self._axes.T @ start.weight) + start.bias).softmax(1)
        return max(_LEAST_CURVATURE * even, float((p * (1 - p)).mean()))
