import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from selfsame.errors import CorruptedError, InputError
from selfsame.ifs.encoder import (
    EncoderConfig,
    SetEncoder,
    encoder_maps,
    network,
)
from selfsame.ifs.encoder.network import Pieces, _view, squared
from selfsame.ifs.fit import FitConfig, fit
from selfsame.ifs.fit.maps import Maps

SMALL = EncoderConfig(side=16, width=16, layers=1, heads=2, rounds=2)


@pytest.fixture
def encoder() -> SetEncoder:
    torch.manual_seed(3)
    return SetEncoder(SMALL).eval()


def pictures(count: int, side: int = 16) -> torch.Tensor:
    drawn = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))
    return (drawn > 0.6).float()


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def test_every_picture_gets_contractive_maps(encoder):
    encoder.head.weight *= 100  # large numbers, so that the bound is at work
    maps = encoder(pictures(3), 7, drawn())
    assert maps.matrices.shape == (3, 7, 2, 2)
    assert maps.offsets.shape == (3, 7, 2)
    norms = torch.linalg.matrix_norm(maps.matrices, ord=2)
    assert norms.max() <= 0.95 + 1e-5
    assert norms.max() > 0.9
    assert torch.allclose(maps.log_probabilities.exp().sum(1), torch.ones(3))


def test_the_pieces_of_a_mixture_have_the_moments_of_the_picture():
    picture = torch.zeros(1, 1, 16, 16)
    picture[0, 0, 2:10, 4:6] = 1
    picture[0, 0, 8:14, 10:14] = 1
    maps = network.mixture_pieces(picture, 5, drawn()).maps()
    p, A, b = maps.log_probabilities[0].exp(), maps.matrices[0], maps.offsets[0]
    # The mean of the invariant measure solves m = Σ p (A m + b).
    system = torch.eye(2) - (p[:, None, None] * A).sum(0)
    mean = torch.linalg.solve(system, (p[:, None] * b).sum(0))
    rows, columns = torch.nonzero(picture[0, 0], as_tuple=True)
    expected = torch.stack([(2 * columns + 1) / 16 - 1, 1 - (2 * rows + 1) / 16]).mean(1)
    assert torch.allclose(mean, expected, atol=1e-3)


def test_the_order_of_the_pieces_does_not_matter(encoder, monkeypatch):
    """No points are drawn here: the error is a function of the maps, whatever their order."""
    found = network.mixture_pieces(pictures(1), 6, drawn())
    order = torch.tensor([3, 5, 0, 1, 4, 2])
    names = ("middle", "root", "log_share")
    turned = replace(found, **{name: getattr(found, name)[:, order] for name in names})
    monkeypatch.setattr(network, "_error_of", lambda *_: spread)
    results = []
    for pieces in (found, turned):
        monkeypatch.setattr(network, "mixture_pieces", lambda *_, pieces=pieces: pieces)
        results.append(encoder(pictures(1), 6, drawn()))
    assert torch.allclose(results[0].matrices[:, order], results[1].matrices, atol=1e-5)
    assert torch.allclose(results[0].offsets[:, order], results[1].offsets, atol=1e-5)


def spread(maps: Maps) -> torch.Tensor:
    """Some error of systems: how far they are from small maps in the middle."""
    weight = maps.log_probabilities.exp()
    return (weight[..., None] * maps.offsets**2).sum((1, 2)) + maps.matrices.square().mean(
        (1, 2, 3)
    )


def test_the_bound_leaves_every_piece_where_it_is(monkeypatch):
    """The middle of the picture goes to the same places whatever the bound."""
    pieces = network.mixture_pieces(pictures(1), 5, drawn())
    pieces = pieces.moved(torch.randn(1, 5, 7, generator=drawn()))
    places = []
    for bound in (0.95, 0.3):
        monkeypatch.setattr(network, "LARGEST_SINGULAR", bound)
        maps = pieces.maps()
        places.append((maps.matrices[0] @ pieces.whole_middle[0]) + maps.offsets[0])
    assert torch.allclose(places[0], pieces.middle[0], atol=1e-5)
    assert torch.linalg.matrix_norm(maps.matrices, ord=2).max() <= 0.3 + 1e-5
    assert torch.allclose(*places, atol=1e-5)


def test_slopes_are_those_of_the_answers(monkeypatch):
    """Against differences, in double precision."""
    pieces = network.mixture_pieces(pictures(1), 3, drawn())
    pieces = Pieces(*(part.double() for part in vars(pieces).values()))
    value, slope = network._error_and_slope(pieces, spread)
    for place in ((0, 0, 0), (0, 1, 3), (0, 2, 5), (0, 0, 6)):
        answer = torch.zeros(1, 3, 7, dtype=torch.float64)
        answer[place] = 1e-5
        up, down = (spread(pieces.moved(sign * answer).maps()) for sign in (1, -1))
        assert float((up - down) / 2e-5) == pytest.approx(float(slope[place]), abs=1e-6)
    assert torch.equal(value, spread(pieces.maps()))


@torch.no_grad()
def test_an_untrained_network_goes_down(encoder):
    encoder.head.weight.zero_()
    encoder.steps.fill_(0.05)
    many = SetEncoder(replace(SMALL, rounds=6))
    many.load_state_dict(encoder.state_dict())
    _, errors = many.rounds(pictures(4), 6, drawn())
    assert len(errors) == 6
    assert errors[-1].mean() < 0.95 * errors[0].mean()  # noise fills the squares evenly


@torch.no_grad()
def test_a_moved_picture_has_moved_maps(encoder, monkeypatch):
    """Nothing but the frame is seen: ``A x + b`` becomes ``A x + b + t - A t``."""
    monkeypatch.setattr(network, "_error_of", lambda *_: lambda maps: maps.matrices.sum((1, 2, 3)))
    picture = torch.zeros(1, 1, 16, 16)
    picture[0, 0, 4:10, 2:6] = 1
    picture[0, 0, 8:10, 2:12] = 1
    encoder.head.weight *= 3
    maps = encoder(picture, 1, drawn())  # a mixture of one piece has nothing to draw
    moved = encoder(picture.roll((4, 2), (2, 3)), 1, drawn())
    shift = torch.tensor([2 * 2 / 16, -4 * 2 / 16])
    expected = maps.offsets + shift - (maps.matrices @ shift[:, None])[..., 0]
    assert torch.allclose(moved.matrices, maps.matrices, atol=1e-4)
    assert torch.allclose(moved.offsets, expected, atol=1e-4)


@torch.no_grad()
def test_views_are_samples_in_a_frame():
    """The middle of the view of a dot is the dot; turned by the frame, so is the view."""
    picture = torch.zeros(1, 1, 32, 32)
    picture[0, 0, 4:8, 20:24] = 1  # about (0.375, 0.625)
    middle = torch.tensor([[[0.375, 0.625]]])
    upright = _view(picture, middle, 0.1 * torch.eye(2)[None, None]).view(12, 12)
    assert upright[5:7, 5:7].min() == 1
    assert upright[0].max() == upright[:, 0].max() == 0
    aside = torch.tensor([[[0.375, 0.4]]])  # below the dot: it is seen where y is large
    seen = _view(picture, aside, 0.1 * torch.eye(2)[None, None]).view(12, 12)
    assert seen[9:, 5:7].max() == 1
    assert seen[:6].max() == 0


def test_a_picture_given_twice_has_two_starts(encoder):
    twice = pictures(1).expand(2, -1, -1, -1)
    maps = encoder_maps(encoder, twice, 5, 2.0, drawn())
    assert not torch.allclose(maps.offsets[0], maps.offsets[1], atol=1e-3)
    again = encoder_maps(encoder, twice, 5, 1.0, drawn())
    assert torch.equal(maps.offsets, 2 * again.offsets)  # the window is twice as large
    assert torch.equal(maps.matrices, again.matrices)


def test_pictures_are_put_on_a_square():
    wide = torch.ones(1, 1, 8, 16)
    square = squared(wide, 16)
    assert square.shape == (1, 1, 16, 16)
    assert square[0, 0, 4:12].min() == 1
    assert square[0, 0, :4].max() == 0
    assert square[0, 0, 12:].max() == 0
    assert squared(torch.ones(1, 1, 64, 64), 16).allclose(torch.ones(1, 1, 16, 16))


def test_a_folder_gives_back_the_encoder(encoder, tmp_path):
    path = tmp_path / "mine"
    encoder.save_pretrained(path, {"pictures": 5})
    again = SetEncoder.from_pretrained(path)
    assert again.config == SMALL
    assert not again.training
    for name, weight in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    assert SetEncoder.card_of(path) == {"pictures": 5}


def test_files_of_earlier_versions_load(encoder, tmp_path):
    about = {"format": "selfsame encoder 1", "config": json.dumps(asdict(SMALL)), "card": "{}"}
    path = tmp_path / "mine.safetensors"
    save_file(encoder.state_dict(), path, about)
    assert SetEncoder.from_pretrained(path).digest() == encoder.digest()
    save_file({"head.weight": torch.zeros(7, 16)}, path, about)
    with pytest.raises(CorruptedError, match="damaged"):
        SetEncoder.from_pretrained(path)


@pytest.mark.parametrize("wrong", [{"side": 31}, {"heads": 0}, {"width": 21}, {"layers": 1.5}])
def test_shapes_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="must be"):
        EncoderConfig(**wrong)


def test_a_fit_begins_where_the_encoder_says(encoder, tmp_path, monkeypatch):
    proposed = []

    def remembered(*arguments):
        proposed.append(encoder_maps(*arguments))
        return proposed[0]

    monkeypatch.setattr("selfsame.ifs.encoder.encoder_maps", remembered)
    path = tmp_path / "mine"
    encoder.save_pretrained(path)
    config = FitConfig(init="encoder", encoder=str(path), maps=5, steps=1, restarts=1, size=16)
    code = fit([pictures(1)[0, 0].numpy()], config).codes[0]
    assert np.allclose(code.system.matrices, proposed[0].matrices[0], atol=0.001)  # a step of Adam
    assert np.allclose(code.system.offsets, proposed[0].offsets[0], atol=0.001)


@pytest.mark.parametrize("shape", [(10, 20, 3), (20, 10), (70, 70)])
def test_pictures_of_any_shape_begin_with_an_encoder(encoder, tmp_path, shape):
    path = tmp_path / "mine"
    encoder.save_pretrained(path)
    picture = np.zeros(shape, np.float32)
    picture[2:8, 3:9] = 0.8
    config = FitConfig(init="encoder", encoder=str(path), steps=1, restarts=3, maps=4)
    assert len(fit([picture], config).codes[0].system) == 4


@pytest.mark.parametrize("name", SetEncoder.shipped())
def test_shipped_encoders_draw_what_they_see(name):
    """A ring and a bar: the proposal alone is nearer than the mixture that it begins with."""
    y, x = np.mgrid[:32, :32] / 16 - 1
    ring = (np.abs(np.hypot(x, y) - 0.6) < 0.1).astype(np.float32)
    bar = ((np.abs(x + y) < 0.2) & (np.hypot(x, y) < 0.8)).astype(np.float32)
    losses = {
        init: fit([ring, bar], FitConfig(init=init, encoder=name, steps=1, restarts=1)).losses
        for init in ("mixture", "encoder")
    }
    assert (losses["encoder"] < 0.5 * losses["mixture"]).all()
    assert SetEncoder.card_of(name)["steps"] > 1000
