import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.ifs.encoder import EncoderConfig, SetEncoder, load_encoder, save_encoder
from selfsame.ifs.encoder.start import _matrix, _turned, encoder_maps, squared
from selfsame.ifs.encoder.storage import SHIPPED, encoder_card
from selfsame.ifs.fit import FitConfig, fit
from selfsame.ifs.fit.parameters import Maps, largest_singular_value

SMALL = EncoderConfig(side=16, maps=4, width=16, layers=1, heads=2)


@pytest.fixture
def encoder() -> SetEncoder:
    torch.manual_seed(3)
    return SetEncoder(SMALL).eval()


def pictures(count: int, side: int = 16) -> torch.Tensor:
    drawn = torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(0))
    return (drawn > 0.6).float()


def test_each_picture_has_contractive_maps_of_its_own(encoder):
    with torch.no_grad():
        encoder.head.weight *= 100  # large numbers, so that the bound is at work
        maps = encoder(pictures(3))
        alone = encoder(pictures(3)[1:2])
    assert maps.matrices.shape == (3, 4, 2, 2)
    norms = torch.linalg.matrix_norm(maps.matrices, ord=2)
    assert norms.max() <= 0.95 + 1e-5
    assert norms.max() > 0.9
    assert torch.allclose(maps.log_probabilities.exp().sum(1), torch.ones(3))
    assert torch.allclose(maps.offsets[1], alone.offsets[0], atol=1e-5)
    assert not torch.allclose(maps.offsets[1], maps.offsets[0], atol=1e-3)


def test_pieces_follow_the_centre_of_the_ink():
    """A picture of one pixel: every map sends that pixel to the place of its piece."""
    encoder = SetEncoder(SMALL)
    picture = torch.zeros(1, 1, 16, 16)
    picture[0, 0, 2, 12] = 1  # x = 25/16 - 1, y = 1 - 5/16
    with torch.no_grad():
        encoder.head.weight.zero_()
        encoder.head.bias.zero_()
        maps = encoder(picture)
    point = torch.tensor([25 / 16 - 1, 1 - 5 / 16])
    places = (maps.matrices @ point[:, None])[0, ..., 0] + maps.offsets[0]
    assert torch.allclose(places, encoder.first[:, 4:6], atol=1e-6)


@pytest.mark.parametrize("k", range(8))
def test_an_isometry_moves_points_as_it_moves_pixels(k):
    picture = torch.zeros(1, 5, 5)
    picture[0, 1, 4] = 1  # column 4, row 1: x = 2, y = 1 from the middle
    row, column = (int(i) for i in torch.nonzero(_turned(picture, k)[0])[0])
    moved = _matrix(k) @ torch.tensor([2.0, 1.0])
    assert (column - 2, 2 - row) == tuple(moved.round().int().tolist())


def test_the_isometries_are_eight():
    assert len({tuple(_matrix(k).flatten().round().int().tolist()) for k in range(8)}) == 8


@pytest.mark.parametrize("k", range(8))
def test_starts_are_turned_back(k):
    """An encoder that proposes one map onto the bright pixel: turned back, it is where it was."""

    class Pointing(torch.nn.Module):
        config = EncoderConfig(side=8, maps=1)

        def forward(self, squares):
            row, column = (int(i) for i in torch.nonzero(squares[0, 0])[0])
            place = torch.tensor([(2 * column + 1) / 8 - 1, 1 - (2 * row + 1) / 8])
            matrix = torch.tensor([[0.5, 0.2], [0.0, 0.3]])
            return Maps(matrix[None, None], place[None, None], torch.zeros(1, 1))

    picture = torch.zeros(1, 1, 8, 8)
    picture[0, 0, 1, 6] = 1
    generator = torch.Generator()
    maps = encoder_maps(Pointing(), picture, torch.tensor([k]), 2.0, generator)
    assert torch.allclose(maps.offsets[0, 0], 2 * torch.tensor([5 / 8, 5 / 8]), atol=1e-6)
    turn = _matrix(k)
    expected = turn.T @ torch.tensor([[0.5, 0.2], [0.0, 0.3]]) @ turn
    assert torch.allclose(maps.matrices[0, 0], expected, atol=1e-6)


def test_starts_beyond_the_isometries_are_noisy(encoder):
    starts = torch.tensor([0, 8, 16])
    generator = torch.Generator().manual_seed(0)
    maps = encoder_maps(encoder, pictures(1).expand(3, -1, -1, -1), starts, 1.0, generator)
    assert (maps.matrices[0] != maps.matrices[1]).any()
    assert (maps.matrices[2] != maps.matrices[1]).any()
    assert (maps.matrices[0] - maps.matrices[1]).abs().max() < 0.5


def test_pictures_are_put_on_a_square():
    wide = torch.ones(1, 1, 8, 16)
    square = squared(wide, 16)
    assert square.shape == (1, 1, 16, 16)
    assert square[0, 0, 4:12].min() == 1
    assert square[0, 0, :4].max() == 0
    assert square[0, 0, 12:].max() == 0
    assert squared(torch.ones(1, 1, 64, 64), 16).allclose(torch.ones(1, 1, 16, 16))


def test_a_file_gives_back_the_encoder(encoder, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_encoder(encoder, path, {"pictures": 5})
    again = load_encoder(path)
    assert again.config == SMALL
    assert not again.training
    for name, weight in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight.half().float())
    assert encoder_card(path) == {"pictures": 5}


def test_damaged_files_are_named(encoder, tmp_path):
    with pytest.raises(InputError, match="no encoder 'nothing'"):
        load_encoder("nothing")
    path = tmp_path / "mine.safetensors"
    save_encoder(encoder, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(CorruptedError, match="damaged"):
        load_encoder(path)
    path.write_bytes(b"")
    with pytest.raises(CorruptedError, match="no model"):
        load_encoder(path)
    about = {"format": "selfsame encoder 1", "config": json.dumps({"side": 16}), "card": "{}"}
    save_file({"head.weight": torch.zeros(7, 16)}, path, about)
    with pytest.raises(CorruptedError, match="damaged"):
        load_encoder(path)
    save_file({"x": torch.zeros(1)}, path, {"format": "selfsame collage 1"})
    with pytest.raises(UnsupportedError, match="selfsame collage 1"):
        load_encoder(path)


@pytest.mark.parametrize("wrong", [{"side": 30}, {"maps": 0}, {"width": 20}, {"layers": 1.5}])
def test_shapes_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="must be"):
        EncoderConfig(**wrong)


def test_a_fit_begins_where_the_encoder_says(encoder, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_encoder(encoder, path)
    config = FitConfig(init="encoder", encoder=str(path), maps=4, steps=1, restarts=1, size=16)
    target = pictures(1)[0, 0].numpy()
    code = fit([target], config).codes[0]
    with torch.no_grad():
        maps = load_encoder(path)(torch.from_numpy(target)[None, None])
    assert np.allclose(code.system.matrices, maps.matrices[0], atol=0.011)  # a step of Adam
    assert np.allclose(code.system.offsets, maps.offsets[0], atol=0.011)
    wide = np.zeros((10, 20, 3), np.float32)
    wide[2:8, 3:17] = 0.8
    assert len(fit([wide], FitConfig(**{**vars(config), "restarts": 3})).codes[0].system) == 4


def test_an_encoder_of_other_maps_is_refused(encoder, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_encoder(encoder, path)
    with pytest.raises(InputError, match="proposes 4 maps: got maps 10"):
        fit([pictures(1)[0, 0].numpy()], FitConfig(init="encoder", encoder=str(path), steps=1))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_encoders_draw_what_they_see(name):
    """A ring and a bar: the proposal alone is much nearer than an empty picture."""
    encoder = load_encoder(name)
    side = encoder.config.side
    y, x = np.mgrid[:side, :side] / side * 2 - 1
    ring = (np.abs(np.hypot(x, y) - 0.6) < 0.1).astype(np.float32)
    bar = ((np.abs(x + y) < 0.2) & (np.hypot(x, y) < 0.8)).astype(np.float32)
    config = FitConfig(init="encoder", encoder=name, steps=1, restarts=1)
    losses = fit([ring, bar], config).losses
    assert (losses < 0.4 * np.array([ring.mean(), bar.mean()])).all()
    assert largest_singular_value(encoder(torch.zeros(1, 1, side, side)).matrices).max() < 0.96
    assert encoder_card(name)["steps"] > 1000
