import numpy as np
import pytest
import torch

from selfsame.datasets import Pictures
from selfsame.errors import DivergedError, InputError
from selfsame.lab.networks.architectures import make_network
from selfsame.lab.networks.names import NETWORKS
from selfsame.lab.probe import probes
from selfsame.lab.probe.logistic import LogisticRegression
from selfsame.lab.probe.probes import (
    LONE_STRENGTH,
    STRENGTHS,
    Standardiser,
    evaluate_features,
    features_of,
    linear_evaluation,
    picture_tensor,
)
from selfsame.run.progress import Progress
from support.toy_pictures import SIDE, toy_pictures


def network_of(name: str = "lenet"):
    torch.manual_seed(0)
    return make_network(name, classes=3, side=SIDE)


def test_pictures_become_planes_in_0_to_1() -> None:
    images = toy_pictures(2, channels=3).images
    tensor = picture_tensor(images)
    assert tensor.shape == (2, 3, SIDE, SIDE)
    assert tensor[1, 2, 3, 4] == images[1, 3, 4, 2] / np.float32(255)


@pytest.mark.parametrize("name", NETWORKS)
def test_features_do_not_depend_on_the_batch_they_are_in(monkeypatch, name) -> None:
    network, images = network_of(name), toy_pictures(7).images
    network(picture_tensor(images))  # the statistics of batch norms are no longer the first ones
    whole = features_of(network, images)
    alone = torch.cat([features_of(network, image[None]) for image in images])
    assert torch.allclose(whole, alone, atol=1e-5)
    done = []
    monkeypatch.setattr(probes, "_VALUES", 3 * SIDE**2)
    progress = Progress(lambda *told: done.append(told))
    assert torch.allclose(features_of(network, images, progress), whole, atol=1e-5)
    assert done == [(3, 7, ""), (6, 7, ""), (7, 7, "")]
    assert network.training  # as it was


def test_standardised_features_have_mean_0_and_variance_1() -> None:
    sample = torch.randn(50, 4) * torch.tensor([1e-3, 1, 50, 0]) + torch.tensor([5.0, 0, -7, 0.1])
    standardise = Standardiser(sample)
    found = standardise(sample)
    assert found.mean(0).abs().max() < 1e-6
    assert torch.allclose(found.square().mean(0), torch.tensor([1, 1, 1, 0]).double())
    assert standardise(sample + 1)[:, 3].abs().max() == 0  # constant: it says nothing


def test_separable_features_are_told_apart() -> None:
    labels = torch.arange(40) % 4
    features = torch.eye(4)[labels] + 0.1 * torch.randn(40, 4, generator=torch.manual_seed(0))
    found = evaluate_features(features[:20], labels[:20], features[20:], labels[20:])
    assert (found.accuracy, found.training_accuracy, found.validation_accuracy) == (1, 1, 1)
    assert (found.learned, found.tested) == (20, 20)
    assert found.l2 in STRENGTHS


def test_random_labels_are_guessed_at_chance() -> None:
    generator = torch.manual_seed(0)
    features = torch.randn(1500, 10, generator=generator)
    labels = torch.randint(0, 4, (1500,), generator=generator)
    found = evaluate_features(features[:500], labels[:500], features[500:], labels[500:])
    assert found.accuracy == pytest.approx(0.25, abs=0.06)
    assert found.validation_accuracy == pytest.approx(0.25, abs=0.08)


def test_noise_is_met_with_a_strong_penalty() -> None:
    """One feature tells the class, roughly; 60 others are noise."""
    generator = torch.manual_seed(1)
    labels = torch.arange(120) % 2
    features = torch.randn(120, 61, generator=generator)
    features[:, 0] += 2.0 * (labels - 0.5)
    found = evaluate_features(features[:60], labels[:60], features[60:], labels[60:])
    assert found.l2 >= 0.01


def test_tested_pictures_choose_nothing() -> None:
    generator = torch.manual_seed(0)
    features, labels = torch.randn(60, 3, generator=generator), torch.arange(60) % 3
    one = evaluate_features(features[:30], labels[:30], features[30:], labels[30:])
    other = evaluate_features(features[:30], labels[:30], 5 * features[30:], labels[30:].flip(0))
    values = {"accuracy": 0.0}
    assert one.as_dict() | values == other.as_dict() | values


def test_a_strength_without_a_minimum_ends_the_search(monkeypatch) -> None:
    labels = torch.arange(60) % 4
    features = torch.eye(4)[labels]
    plain = LogisticRegression.fit

    def fit(self, l2):
        if l2 < STRENGTHS[1]:
            raise DivergedError("no minimum")
        return plain(self, l2)

    monkeypatch.setattr(LogisticRegression, "fit", fit)
    found = evaluate_features(features, labels, features, labels)
    assert found.accuracy == 1
    assert found.l2 in STRENGTHS[:2]


def test_one_picture_of_each_class() -> None:
    found = evaluate_features(torch.eye(3), torch.arange(3), torch.eye(3), torch.arange(3))
    assert (found.accuracy, found.l2, found.validation_accuracy) == (1, LONE_STRENGTH, None)
    assert "validation_accuracy" not in found.as_dict()


def test_networks_see_bright_corners() -> None:
    found = linear_evaluation(network_of(), toy_pictures(30), toy_pictures(12, seed=1))
    assert found.accuracy == 1
    assert (found.learned, found.tested) == (30, 12)


def test_what_does_not_fit_is_refused() -> None:
    pictures = toy_pictures(4)
    with pytest.raises(InputError, match="both training and test pictures need labels"):
        linear_evaluation(network_of(), pictures, Pictures(pictures.images))
    with pytest.raises(InputError, match=r"channels \(16, 16, 1\): got \(16, 16, 3\)"):
        features_of(network_of(), toy_pictures(2, channels=3).images)
    broken = network_of()
    with torch.no_grad():
        broken.body[0].weight[0] = torch.nan
    with pytest.raises(InputError, match="features are not finite"):
        linear_evaluation(broken, pictures, pictures)
