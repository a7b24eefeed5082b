"""The plain reference of the paper against hand calculation and finite differences."""

import math

import numpy as np
import pytest
import torch

from benchmarks.reference import learning_fractals as plain

TINY = plain.Settings(
    maps=3, points=6, batch=2, steps=40, size=6, window=(-2.0, -2.0, 2.0, 2.0), sigma=1.5
)


def tiny_problem(seed: int = 0) -> tuple[plain.Parameters, torch.Tensor, torch.Tensor]:
    """Parameters in float64, sequences (2, 6) and a target (6, 6)."""
    generator = torch.Generator().manual_seed(seed)
    parameters = plain.initial_parameters(TINY.maps, generator, torch.float64)
    p = plain.probabilities(plain.matrices(parameters.linear))
    sequences = plain.sample_sequences(p, TINY.batch, TINY.points, generator)
    target = torch.rand((6, 6), generator=generator, dtype=torch.float64)
    return parameters, sequences, target


def test_matrices_are_the_svd_form() -> None:
    theta, phi, s1, s2 = 0.7, -1.9, 0.3, -0.8
    linear = torch.tensor([[theta, phi, s1, s2, 0.005, -0.3]], dtype=torch.float64)

    def turn(angle: float) -> np.ndarray:
        return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    expected = turn(theta) @ np.diag([sigmoid(s1), sigmoid(s2)]) @ turn(phi) @ np.diag([1, -1])
    np.testing.assert_allclose(plain.matrices(linear)[0], expected, atol=1e-12)


def test_initial_parameters_lie_in_the_papers_ranges() -> None:
    linear, offsets = plain.initial_parameters(500, torch.Generator().manual_seed(1))
    for column, low, high in ((0, -math.pi, math.pi), (1, -math.pi, math.pi), (2, 0, 1), (3, 0, 1)):
        values = linear[:, column].detach()
        assert values.min() >= low
        assert values.max() <= high
        assert float(values.max() - values.min()) > 0.95 * (high - low)
    assert (linear[:, 4:] == 0.005).all()
    assert offsets.abs().max() <= 1
    assert offsets.min() < -0.95


def test_probabilities_follow_the_determinants() -> None:
    A = torch.stack([0.5 * torch.eye(2), torch.diag(torch.tensor([0.5, -1.0]))])
    torch.testing.assert_close(plain.probabilities(A), torch.tensor([1 / 3, 2 / 3]))


def test_chain_starts_at_the_first_fixed_point_and_follows_the_sequence() -> None:
    parameters, sequences, _ = tiny_problem()
    A, b = plain.matrices(parameters.linear).detach(), parameters.offsets.detach()
    start = plain.fixed_point(A[0], b[0])
    torch.testing.assert_close(A[0] @ start + b[0], start)
    points = plain.chain(A, b, sequences)
    assert points.shape == (2, 6, 2)
    for line, row in zip(points, sequences.tolist(), strict=True):
        x = start
        for point, chosen in zip(line, row, strict=True):
            x = A[chosen] @ x + b[chosen]
            torch.testing.assert_close(point, x)


def test_pixels_follow_the_conventions() -> None:
    settings = plain.Settings(size=10)
    points = torch.tensor([[-5.0, 5.0], [5.0, -5.0], [0.5, 4.5]])
    expected = torch.tensor([[0.0, 0.0], [10.0, 10.0], [5.5, 0.5]])
    torch.testing.assert_close(plain.to_pixels(points, settings), expected)


def test_authors_pixels_put_the_window_on_pixel_centres_and_clamp() -> None:
    settings = plain.Settings(size=10, authors_pixels=True)
    points = torch.tensor([[-5.0, 5.0], [5.0, -5.0], [-99.0, 99.0]])
    expected = torch.tensor([[0.5, 0.5], [9.5, 9.5], [0.5, 0.5]])
    torch.testing.assert_close(plain.to_pixels(points, settings), expected)


def test_render_by_hand() -> None:
    settings = plain.Settings(size=4, sigma=2.0, clamp=False)
    pixels = torch.tensor([[1.5, 0.5], [3.0, 2.0]], dtype=torch.float64)
    picture = plain.render(pixels, settings)
    for row in range(4):
        for column in range(4):
            expected = sum(
                math.exp(-((column + 0.5 - u) ** 2 + (row + 0.5 - v) ** 2) / 2.0)
                for u, v in pixels.tolist()
            )
            assert float(picture[row, column]) == pytest.approx(expected, rel=1e-12)
    clamped = plain.render(pixels.repeat(5, 1), plain.Settings(size=4, sigma=2.0))
    assert clamped.max() == 1


def test_gradient_agrees_with_finite_differences() -> None:
    parameters, sequences, target = tiny_problem()

    def error(linear: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        return plain.loss(plain.Parameters(linear, offsets), sequences, target, TINY)[0]

    analytic = torch.autograd.grad(error(*parameters), parameters)
    fixed = plain.fixed_point(plain.matrices(parameters.linear)[0], parameters.offsets[0]).detach()
    step = 1e-6
    # The start carries no gradient, so it is held where it is; the signs are straight-through.
    original, plain.fixed_point = plain.fixed_point, lambda A, b: fixed
    try:
        for tensor, gradient, columns in zip(parameters, analytic, (4, 2), strict=True):
            assert gradient[:, :columns].abs().max() > 1e-4
            for row in range(len(tensor)):
                for column in range(columns):
                    values = []
                    for sign in (1, -1):
                        with torch.no_grad():
                            tensor[row, column] += sign * step
                            values.append(float(error(*parameters)))
                            tensor[row, column] -= sign * step
                    numeric = (values[0] - values[1]) / (2 * step)
                    assert float(gradient[row, column]) == pytest.approx(
                        numeric, rel=1e-4, abs=1e-8
                    )
    finally:
        plain.fixed_point = original


def test_signs_have_a_straight_through_gradient() -> None:
    d = torch.tensor([0.005, -0.2], requires_grad=True)
    value = plain.straight_through_sign(d)
    assert value.tolist() == [1.0, -1.0]
    (gradient,) = torch.autograd.grad(value.sum(), d)
    assert gradient.tolist() == [1.0, 1.0]


def test_noise_comes_every_tenth_step_before_its_end() -> None:
    settings = plain.Settings(maps=2, noise_every=10, noise_until=30)
    generator = torch.Generator().manual_seed(0)
    state = plain.start(settings, generator)
    noisy = []
    for step in range(1, 41):
        state.steps_done = step - 1
        before = state.parameters.linear.detach().clone()
        plain.add_noise(state, settings, generator)
        if not torch.equal(before, state.parameters.linear.detach()):
            noisy.append(step)
    assert noisy == [10, 20]


def test_learning_rate_halves_every_quarter() -> None:
    generator = torch.Generator().manual_seed(0)
    state = plain.start(TINY, generator)
    target = torch.zeros(6, 6)
    rates = []
    for _ in range(TINY.steps):
        rates.append(state.optimizer.param_groups[0]["lr"])
        plain.step(state, target, TINY, generator)
    assert rates == [0.05] * 10 + [0.025] * 10 + [0.0125] * 10 + [0.00625] * 10


def test_gradients_are_clipped() -> None:
    parameters, sequences, target = tiny_problem()
    settings = plain.Settings(**{**vars(TINY), "clip_norm": 1e-3})
    state = plain.State(parameters, torch.optim.Adam(parameters))
    plain.descend(state, sequences, target, settings)
    for tensor in parameters:
        assert tensor.grad is not None
        assert float(tensor.grad.norm()) == pytest.approx(1e-3, rel=1e-2)


def test_fixed_objective_keeps_its_sequences() -> None:
    for objective, kept in (("fixed", True), ("expectation", False)):
        settings = plain.Settings(**{**vars(TINY), "objective": objective})
        generator = torch.Generator().manual_seed(0)
        state = plain.start(settings, generator)
        first, second = (plain.draw(state, settings, generator) for _ in range(2))
        assert torch.equal(first, second) is kept


def test_fit_lowers_the_error_and_repeats_for_a_seed() -> None:
    target = torch.zeros(8, 8)
    target[2:6, 3:5] = 1
    settings = plain.Settings(maps=3, points=40, batch=4, steps=60, size=8)
    state, losses = plain.fit(target, settings, seed=3)
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:2])
    again, same = plain.fit(target, settings, seed=3)
    assert losses == same
    A, b, p = plain.system(state.parameters)
    assert torch.equal(A, plain.system(again.parameters)[0])
    assert A.shape == (3, 2, 2)
    assert b.shape == (3, 2)
    assert float(p.sum()) == pytest.approx(1)
