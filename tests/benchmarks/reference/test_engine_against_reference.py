"""The library's ``paper`` preset against the plain reference, on the same sequences."""

import numpy as np
import pytest
import torch

from benchmarks.reference import learning_fractals as plain
from selfsame.ifs.fit import PRESETS
from selfsame.ifs.fit.maps import Parameters
from selfsame.ifs.fit.objectives import SequenceObjective, prepare


def ring() -> np.ndarray:
    """A ring without its upper left quarter: no symmetry hides a flipped axis."""
    row, column = np.mgrid[:32, :32] - 15.5
    radius = np.hypot(row, column)
    whole = (radius < 12) & (radius > 6)
    return (whole & ~((row < 0) & (column < 3))).astype(np.float32)


def test_the_preset_has_the_papers_settings() -> None:
    settings, config = plain.Settings(), PRESETS["paper"]
    assert config.maps == settings.maps
    assert config.steps == settings.steps
    assert (config.size, config.points) == (settings.size, settings.points)
    assert config.sequences == settings.batch
    assert config.sigma == settings.sigma
    assert config.learning_rate == settings.learning_rate
    assert config.gradient_clip == settings.clip_norm
    assert (config.noise, config.noise_every) == (settings.noise, settings.noise_every)
    assert config.noise_until * config.steps == settings.noise_until
    view = prepare([ring()], config).viewport
    assert tuple(view) == pytest.approx(settings.window)


@pytest.mark.parametrize("seed", [0, 1])
def test_loss_and_gradient_agree_on_the_same_sequences(seed: int) -> None:
    config = PRESETS["paper-fixed"]  # keeps the sequences that it is given
    settings = plain.Settings(batch=3)
    generator = torch.Generator().manual_seed(seed)
    parameters = plain.initial_parameters(settings.maps, generator)
    p = plain.probabilities(plain.matrices(parameters.linear))
    sequences = plain.sample_sequences(p, settings.batch, settings.points, generator)
    expected, _ = plain.loss(parameters, sequences, torch.from_numpy(ring()), settings)
    gradients = torch.autograd.grad(expected, parameters)

    ours = Parameters(
        {
            "twist": parameters.linear.detach().clone()[None],
            "offsets": parameters.offsets.detach().clone()[None],
            "logits": torch.zeros(1, settings.maps),
        },
        learn_probabilities=False,
    )
    maps = ours.maps()
    torch.testing.assert_close(maps.log_probabilities.exp()[0], p)
    objective = SequenceObjective(
        prepare([ring()], config), config, torch.Generator().manual_seed(0)
    )
    objective.indices = sequences[None]
    loss = objective(maps)[0]
    # The engine drops the tails of the Gaussians: 3e-4 of a grey level at most.
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-3)
    mine = torch.autograd.grad(loss, [ours.leaves["twist"], ours.leaves["offsets"]])
    for gradient, wanted in zip(mine, gradients, strict=True):
        assert wanted.abs().max() > 1e-4
        error = (gradient[0] - wanted).norm() / wanted.norm()
        assert float(error) < 5e-3


def test_both_uniform_starts_have_the_same_ranges() -> None:
    generator = torch.Generator().manual_seed(0)
    ours = Parameters.svd_uniform(200, 10, generator, learn_probabilities=False).leaves
    theirs = plain.initial_parameters(2000, generator)
    twist, offsets = ours["twist"].detach().reshape(-1, 6), ours["offsets"].detach().reshape(-1, 2)
    for mine, wanted in ((twist, theirs.linear), (offsets, theirs.offsets)):
        for column in range(mine.shape[1]):
            for statistic in (torch.amin, torch.amax):
                assert float(statistic(mine[:, column])) == pytest.approx(
                    float(statistic(wanted.detach()[:, column])), abs=0.03
                )
