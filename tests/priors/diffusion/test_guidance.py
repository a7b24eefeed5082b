import pytest
import torch

from selfsame.priors.diffusion.guidance import classifier_guided, guided
from selfsame.priors.diffusion.prediction import Estimate, score_of
from selfsame.priors.diffusion.samplers import first_latent, heun
from selfsame.priors.diffusion.schedules import Flow, sampling_levels, schedule_named
from support.gaussian_data import F64, PAIR, gaussian, normal

ONE = gaussian(PAIR.means[1].tolist(), PAIR.covariances[1].tolist())
"""The second of the pair: what the label 1 stands for."""


def level_at(time: float, name: str = "flow"):
    return schedule_named(name).level(torch.tensor(time, dtype=F64))


def never(z, level):
    raise AssertionError("not to be asked")


def test_the_limits_are_the_denoiser_and_the_guide() -> None:
    z, level = normal(5, 1, 2), level_at(0.5)
    with_label, without = ONE.denoiser(z, level).x0, PAIR.denoiser(z, level).x0
    assert torch.equal(guided(ONE.denoiser, never, 1.0)(z, level).x0, with_label)
    assert torch.equal(guided(ONE.denoiser, PAIR.denoiser, 0.0)(z, level).x0, without)
    more = guided(ONE.denoiser, PAIR.denoiser, 2.5)(z, level).x0
    torch.testing.assert_close(more, without + 2.5 * (with_label - without))


def test_the_score_is_weighed_as_the_estimate_is() -> None:
    """Ho and Salimans, in one notation: (1 + w) conditional - w unconditional score."""
    z, level = normal(5, 1, 2), level_at(0.5, "linear")
    found = score_of(guided(ONE.denoiser, PAIR.denoiser, 3.0)(z, level).x0, z, level)
    scores = [score_of(data.denoiser(z, level).x0, z, level) for data in (ONE, PAIR)]
    torch.testing.assert_close(found, 3 * scores[0] - 2 * scores[1])


def test_guidance_acts_within_its_interval_alone() -> None:
    z = normal(5, 1, 2)
    for ratio, acts in ((0.25, False), (0.26, True), (1.0, True), (1.01, False), (1e9, False)):
        level = Flow().level(torch.tensor(ratio / (1 + ratio), dtype=F64))
        found = guided(ONE.denoiser, PAIR.denoiser, 3.0, (0.25, 1.0))(z, level).x0
        assert torch.equal(found, ONE.denoiser(z, level).x0) != acts
    end = level_at(1.0)  # without signal
    assert guided(ONE.denoiser, never, 3.0, (0.5, 2.0))(z, end).x0.shape == z.shape


def test_what_it_says_of_variances_is_the_denoisers() -> None:
    def says(fraction):
        return lambda z, level: Estimate(z, torch.full_like(z, fraction))

    found = guided(says(0.2), says(0.9), 2.0)(normal(2, 1, 2), level_at(0.5)).fraction
    assert float(found.min()) == float(found.max()) == pytest.approx(0.2)


@pytest.mark.parametrize("name", ["linear", "flow", "karras"])
def test_a_right_classifier_makes_the_conditional_denoiser(name) -> None:
    level, z = level_at(0.6, name), normal(5, 1, 2)

    def probability(z, level):
        return PAIR.log_share(z, level)[:, 1]

    found = classifier_guided(PAIR.denoiser, probability, 1.0)(z, level).x0
    torch.testing.assert_close(found, ONE.denoiser(z, level).x0)
    half = classifier_guided(PAIR.denoiser, probability, 0.5)(z, level).x0
    torch.testing.assert_close(half, (found + PAIR.denoiser(z, level).x0) / 2)
    assert not found.requires_grad


def test_a_classifier_is_not_asked_in_vain() -> None:
    z = normal(5, 1, 2)
    for weight, time, interval in ((0.0, 0.5, None), (2.0, 1.0, None), (2.0, 0.5, (2.0, 3.0))):
        found = classifier_guided(PAIR.denoiser, never, weight, interval)(z, level_at(time)).x0
        assert torch.equal(found, PAIR.denoiser(z, level_at(time)).x0)


def test_guided_samples_are_of_the_label() -> None:
    levels = sampling_levels(Flow(), 30)
    z = first_latent(normal(400, 1, 2), levels)
    share = {
        weight: float(
            PAIR.log_share(
                heun(guided(ONE.denoiser, PAIR.denoiser, weight), z, levels), levels.at(-2)
            )[:, 1]
            .exp()
            .mean()
        )
        for weight in (0.0, 1.0, 2.0)
    }
    assert share[0.0] == pytest.approx(0.7, abs=0.06)
    assert share[1.0] > 0.97
    assert share[2.0] > share[1.0]


def test_a_weaker_model_as_the_guide_draws_samples_together() -> None:
    """Autoguidance of a Gaussian by a wider one: the difference points to the middle."""
    right, weak = gaussian([1.0, 0.0], [[1.0, 0], [0, 1]]), gaussian([1.0, 0.0], [[2.0, 0], [0, 2]])
    levels = sampling_levels(Flow(), 40)
    z = first_latent(normal(400, 1, 2), levels)
    plain, strong = (
        heun(guided(right.denoiser, weak.denoiser, weight), z, levels)[:, 0]
        for weight in (1.0, 2.0)
    )
    assert strong.std() < 0.8 * plain.std()
    assert float(strong[:, 0].mean()) == pytest.approx(1.0, abs=0.1)
