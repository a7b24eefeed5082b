import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax

from selfsame.errors import InputError
from selfsame.lab.probe.logistic import LogisticRegression


def loss_of(weights, features, labels, classes, l2):
    """The formula, in numpy: weights are W and then b, flat."""
    weight, bias = np.split(weights.reshape(-1, classes), [features.shape[1]])
    logs = log_softmax(features @ weight + bias, axis=1)
    return -logs[np.arange(len(labels)), labels].mean() + l2 / 2 * (weight**2).sum()


def correlated(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Return features of very different spreads that depend on each other, not centred."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(width, width)) * np.logspace(0, -3, width)
    return random.normal(size=(count, width)) @ mixing + 1


@pytest.mark.parametrize("l2", [1.0, 1e-2, 1e-4])
def test_against_scipy_on_the_same_objective(l2) -> None:
    features = correlated(80, 4)
    labels = np.random.default_rng(1).integers(0, 3, 80)
    found = LogisticRegression(torch.from_numpy(features), torch.from_numpy(labels), 3).fit(l2)
    flat = np.concatenate([found.weight.numpy(), found.bias.numpy()[None]]).ravel()
    arguments = (features, labels, 3, l2)
    wanted = minimize(loss_of, np.zeros(15), arguments, method="BFGS", options={"gtol": 1e-7})
    assert loss_of(flat, *arguments) <= wanted.fun + 1e-7
    logits = found.logits(torch.from_numpy(features)).numpy()
    probabilities = np.exp(log_softmax(logits, axis=1))
    weight, bias = np.split(wanted.x.reshape(-1, 3), [4])
    others = np.exp(log_softmax(features @ weight + bias, axis=1))
    assert np.abs(probabilities - others).max() < 1e-3
    # The same loss comes of all biases plus a number; W is unique.
    assert np.abs(found.weight.numpy() - weight).max() < 0.02 * np.abs(weight).max()


def test_the_gradient_at_the_end_is_zero() -> None:
    features = torch.from_numpy(correlated(60, 5))
    labels = torch.arange(60) % 4
    found = LogisticRegression(features, labels, 4).fit(1e-3)
    weight, bias = found.weight.requires_grad_(), found.bias.requires_grad_()
    loss = torch.nn.functional.cross_entropy(features @ weight + bias, labels)
    (loss + 1e-3 / 2 * weight.square().sum()).backward()
    assert weight.grad.abs().max() < 1e-5
    assert bias.grad.abs().max() < 1e-5


def test_a_start_leads_to_the_same_end() -> None:
    regression = LogisticRegression(torch.from_numpy(correlated(50, 3)), torch.arange(50) % 2, 2)
    fresh = regression.fit(1e-2)
    regression.fit(1.0)
    led = regression.fit(1e-2)
    assert torch.allclose(led.weight, fresh.weight, atol=1e-3)
    assert torch.allclose(led.bias - led.bias.mean(), fresh.bias - fresh.bias.mean(), atol=1e-3)
    steps = regression.fit(1e-2)
    assert torch.allclose(steps.weight, fresh.weight, atol=1e-4)


def test_strong_penalties_leave_the_shares_of_the_classes() -> None:
    labels = torch.tensor([0] * 6 + [1] * 3 + [2])
    found = LogisticRegression(torch.randn(10, 2), labels, 3).fit(1e6)
    assert found.weight.abs().max() < 1e-5
    assert torch.allclose(found.bias.softmax(0), torch.tensor([0.6, 0.3, 0.1]).double(), atol=1e-5)


def test_separable_points_and_more_features_than_points() -> None:
    features = torch.eye(6).repeat(1, 4)
    found = LogisticRegression(features, torch.arange(6), 6).fit(1e-5)
    assert torch.equal(found.logits(features).argmax(1), torch.arange(6))


@pytest.mark.parametrize(
    ("features", "labels", "text"),
    [
        (torch.tensor([[0.0], [torch.nan]]), torch.tensor([0, 1]), "must be finite"),
        (torch.zeros(2, 1), torch.zeros(3, dtype=torch.int64), r"\(N, F\) with labels"),
        (torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64), r"\(N, F\) with labels"),
    ],
)
def test_what_cannot_be_fitted_is_refused(features, labels, text) -> None:
    with pytest.raises(InputError, match=text):
        LogisticRegression(features, labels, 2)


@pytest.mark.parametrize(("labels", "classes"), [([1, 3], 4), ([0, 2, 3], 5), ([2, 2], 3)])
def test_classes_without_a_label_are_never_named(labels, classes) -> None:
    features = torch.from_numpy(correlated(60, 3))
    wanted = torch.tensor(labels).repeat(30)[:60]
    found = LogisticRegression(features, wanted, classes).fit(1e-2)
    assert set(found.logits(features).argmax(1).tolist()) <= set(labels)
    assert found.weight.shape == (3, classes)
    # The others are as they are where only these classes exist.
    names = sorted(set(labels))
    alone = LogisticRegression(
        features, torch.tensor([names.index(n) for n in wanted.tolist()]), len(names)
    ).fit(1e-2)
    assert torch.allclose(found.weight[:, names], alone.weight, atol=1e-6)


@pytest.mark.parametrize("l2", [0.0, -1.0, float("nan"), float("inf")])
def test_strengths_must_be_positive(l2) -> None:
    regression = LogisticRegression(torch.randn(4, 1), torch.arange(4) % 2, 2)
    with pytest.raises(InputError, match="l2 must be above 0"):
        regression.fit(l2)
