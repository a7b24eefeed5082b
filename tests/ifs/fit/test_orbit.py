import torch

from selfsame.ifs.fit.orbit import orbit, orbit_stepwise


def test_compiled_orbit_and_its_gradients_equal_the_stepwise_ones() -> None:
    generator = torch.Generator().manual_seed(3)
    for d in (2, 3):
        A = torch.randn(2, 3, d, d, generator=generator, dtype=torch.double) * 0.4
        b = torch.randn(2, 3, d, generator=generator, dtype=torch.double)
        start = torch.randn(2, d, generator=generator, dtype=torch.double)
        indices = torch.randint(3, (2, 4, 11), generator=generator)
        A.requires_grad_()
        b.requires_grad_()
        got, want = orbit(A, b, indices, start), orbit_stepwise(A, b, indices, start)
        torch.testing.assert_close(got, want)
        weight = torch.randn(got.shape, generator=generator, dtype=torch.double)
        for mine, theirs in zip(
            torch.autograd.grad(got, (A, b), weight),
            torch.autograd.grad(want, (A, b), weight),
            strict=True,
        ):
            torch.testing.assert_close(mine, theirs)


def test_orbit_by_hand() -> None:
    A = torch.tensor([[[[0.5, 0.0], [0.0, 0.5]], [[0.0, -1.0], [1.0, 0.0]]]])
    b = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    points = orbit(A, b, torch.tensor([[[0, 1, 0]]]), torch.tensor([[2.0, 4.0]]))
    assert points[0, 0].tolist() == [[2.0, 2.0], [-2.0, 2.0], [0.0, 1.0]]
