import torch

from selfsame.collage.network.quantise import round_straight_through, soft_threshold


def test_rounding_passes_the_gradient():
    x = torch.tensor([-1.6, 0.2, 0.7], requires_grad=True)
    y = round_straight_through(x)
    (y * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert y.tolist() == [-2, 0, 1]
    assert x.grad.tolist() == [1, 2, 3]


def test_soft_threshold_moves_towards_zero_and_stops_there():
    x = torch.tensor([-2.0, -0.1, 0.0, 0.1, 2.0])
    torch.testing.assert_close(
        soft_threshold(x, torch.tensor(0.25)), torch.tensor([-1.75, 0, 0, 0, 1.75])
    )
