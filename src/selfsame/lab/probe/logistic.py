"""Multinomial logistic regression to convergence, by scikit-learn.

Minimised is ``mean_i CE(x_i W + b, y_i) + l2 / 2 · |W|²``; the biases b cost nothing.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selfsame.errors import DivergedError, InputError

MOST_STEPS = 2000
_GRADIENT = 1e-6
"""Largest entry of the gradient at the end."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """A linear classifier: logits ``x W + b``.

    Attributes:
        weight: W, (F, C) float64.
        bias: b, (C,) float64; -infinity for classes without a label.
    """

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits of features (N, F), (N, C)."""
        return features.double() @ self.weight + self.bias


class LogisticRegression:
    """Regressions of the same features at several strengths; each starts where the last one ended.

    Args:
        features: (N, F), finite; better centred and of similar scales.
        labels: (N,) int64, 0 .. classes - 1.
        classes: C.
    Raises:
        InputError: other shapes, or numbers that are not finite.
    """

    def __init__(self, features: Tensor, labels: Tensor, classes: int) -> None:
        from sklearn.linear_model import LogisticRegression as Regression

        if features.ndim != 2 or labels.shape != features.shape[:1] or len(labels) == 0:
            raise InputError(
                "features must be (N, F) with labels (N,): "
                f"got {tuple(features.shape)} and {tuple(labels.shape)}"
            )
        if not bool(features.isfinite().all()):
            raise InputError("features must be finite: got NaN or infinity; look at the network")
        self._features, self._labels = features.double().numpy(), labels.numpy()
        self._classes = classes
        self._found = np.unique(self._labels)
        self._solver = Regression(tol=_GRADIENT, max_iter=MOST_STEPS, warm_start=True)

    def fit(self, l2: float) -> Classifier:
        """Return the classifier of the least loss.

        Args:
            l2: strength of the penalty, above 0.
        Raises:
            InputError: l2 is not above 0.
            DivergedError: no minimum within ``MOST_STEPS``.
        """
        from sklearn.exceptions import ConvergenceWarning

        if not 0 < l2 < float("inf"):
            raise InputError(f"l2 must be above 0 and finite: got {l2}")
        weight = torch.zeros(self._features.shape[1], self._classes, dtype=torch.float64)
        bias = torch.full((self._classes,), -torch.inf, dtype=torch.float64)
        if len(self._found) == 1:
            bias[self._found[0]] = 0
            return Classifier(weight, bias)
        # Theirs is the sum over the samples, with 1 / C in the place of N · l2. Of two classes they
        # fit the difference w of the weights: |W|² of both halves of it is half of |w|².
        strength = l2 * len(self._labels) / (2 if len(self._found) == 2 else 1)
        self._solver.set_params(C=1 / strength)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                self._solver.fit(self._features, self._labels)
            except ConvergenceWarning as error:
                raise DivergedError(
                    f"no minimum within {MOST_STEPS} steps at l2 {l2:g}; take a larger l2"
                ) from error
        slopes, offsets = self._solver.coef_, self._solver.intercept_
        if len(self._found) == 2:
            slopes, offsets = np.vstack([-slopes, slopes]) / 2, np.hstack([-offsets, offsets]) / 2
        weight[:, self._found] = torch.from_numpy(slopes.T.copy())
        bias[self._found] = torch.from_numpy(offsets)
        return Classifier(weight, bias)
