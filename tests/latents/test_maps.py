"""The space of sets of maps: tokens, drawing, codes."""

import numpy as np
import pytest
import torch

from selfsame.codes.store import pack, unpack
from selfsame.errors import InputError, SettingError
from selfsame.ifs.fit.maps import Maps
from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.samples.library import classic
from selfsame.latents import Latents, MapsConfig, MapsModel, MapsSpace, inspect_space, load_space
from selfsame.latents.maps.drawing import draw_maps, measure_points, moments, word_length
from selfsame.latents.maps.encoding import ink_for, map_counts
from selfsame.latents.maps.tokens import FIELDS, LARGEST, LAST, SPREAD, maps_of, tokens_of

SIDE = 16


@pytest.fixture(scope="module")
def space():
    return MapsSpace(MapsModel(MapsConfig(side=SIDE, maps=6, ink=6.0, steps=20)))


def strokes(count: int = 3) -> torch.Tensor:
    """Return crossed bars, longer from picture to picture, (count, 1, SIDE, SIDE)."""
    pictures = torch.zeros(count, 1, SIDE, SIDE)
    for number, picture in enumerate(pictures):
        picture[0, 4:6, 3 : 9 + 2 * number] = 1
        picture[0, 6 : 10 + number, 4:6] = 1
    return pictures


def made_up(count: int = 4, size: float = 0.5, seed: int = 0) -> Latents:
    random = torch.Generator().manual_seed(seed)
    values = size * torch.randn(count, 6, len(FIELDS), generator=random)
    return Latents(values, mask=torch.arange(6) < 2 + torch.arange(count)[:, None] % 5)


def shuffled(latents: Latents, seed: int = 1) -> Latents:
    """Return the same sets in other orders, those that are not there among them."""
    random = torch.Generator().manual_seed(seed)
    order = torch.rand(latents.values.shape[:2], generator=random).argsort(1)
    values = latents.values.gather(1, order[..., None].expand_as(latents.values))
    return Latents(values, mask=latents.mask.gather(1, order))


def random_matrices(count: int, largest: float, seed: int = 0) -> np.ndarray:
    """Return matrices by their SVD, with singular values up to ``largest``, mirrored or not."""
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.normal(size=(count, 2, 2)))[0] for _ in range(2))
    return (U * rng.uniform(0, largest, (count, 1, 2))) @ V


def attractor(system) -> np.ndarray:
    """Return points of the chaos game, (20000, 2)."""
    rng = np.random.default_rng(0)
    points = np.zeros((20_000, 2))
    for _ in range(60):
        chosen = rng.choice(len(system), len(points), p=system.probabilities)
        points = (system.matrices[chosen] @ points[..., None])[..., 0] + system.offsets[chosen]
    return points


def test_the_chart_against_singular_values():
    matrices = torch.from_numpy(random_matrices(200, 0.94))
    log_p = torch.zeros(1, 200, dtype=torch.float64)
    maps = Maps(matrices[None], torch.zeros(1, 200, 2, dtype=torch.float64), log_p)
    tokens = tokens_of(maps)
    turn, mirror = tokens[0, :, :2].norm(dim=1), tokens[0, :, 2:4].norm(dim=1)
    sigma = torch.linalg.svdvals(matrices)
    torch.testing.assert_close(LARGEST * (turn + mirror).tanh(), sigma[:, 0])
    ratio = (turn - mirror).abs() / (turn + mirror)
    torch.testing.assert_close(ratio, sigma[:, 1] / sigma[:, 0], atol=1e-9, rtol=1e-6)
    assert torch.equal(turn > mirror, torch.linalg.det(matrices) > 0)
    torch.testing.assert_close(maps_of(tokens).matrices[0], matrices)


def test_equal_maps_have_equal_tokens_whatever_svd_made_them():
    U, sigma, Vt = np.linalg.svd(random_matrices(50, 0.9))
    ways = []
    for signs in ([1, 1], [-1, 1], [1, -1], [-1, -1]):
        ways.append(((U * signs) * sigma[:, None]) @ (np.array(signs)[:, None] * Vt))
    swap = np.array([[0, 1], [1, 0]])
    ways.append(((U @ swap) * sigma[:, None, ::-1]) @ (swap @ Vt))
    nothing = torch.zeros(1, 50, dtype=torch.float64)
    found = [
        tokens_of(Maps(torch.from_numpy(way)[None], nothing[..., None].expand(-1, -1, 2), nothing))
        for way in ways
    ]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0])


def test_there_is_no_seam_where_an_angle_goes_round_or_a_map_becomes_its_mirror():
    angle = torch.linspace(-np.pi, np.pi, 721, dtype=torch.float64)
    cos, sin = angle.cos(), angle.sin()
    turns = 0.5 * torch.stack([cos, -sin, sin, cos], -1).reshape(-1, 2, 2)
    height = torch.linspace(-0.5, 0.5, 721, dtype=torch.float64)
    flips = torch.diag_embed(torch.stack([torch.full_like(height, 0.5), height], -1))
    for matrices in (turns, flips):
        nothing = torch.zeros(1, 721, dtype=torch.float64)
        maps = Maps(matrices[None], nothing[..., None].expand(-1, -1, 2), nothing)
        assert tokens_of(maps)[0, :, :4].diff(dim=0).abs().max() < 0.01


@pytest.mark.parametrize("size", [0.3, 3.0, 1e3, 1e30])
def test_any_real_tokens_are_legal_codes(space, size):
    latents = made_up(8, size)
    for code, there in zip(space.codes(latents), latents.mask, strict=True):
        assert len(code.system) == int(there.sum())
        assert code.system.contraction <= LARGEST + 1e-6
        p = code.system.probabilities
        assert p.min() >= p.max() * np.exp(-SPREAD) * 0.99
        assert unpack(pack(code)) == code
    assert space.draw(space.rounded(latents)).isfinite().all()


def test_codes_are_those_of_rounded_tokens_in_any_order(space):
    latents = made_up(8)
    held = space.rounded(latents)
    codes = space.codes(latents)
    assert codes == space.codes(held)
    assert codes == space.codes(shuffled(latents))
    again = space.rounded(shuffled(held))
    assert torch.equal(again.values, held.values)
    assert torch.equal(again.mask, held.mask)
    assert (held.values - latents.values).sum() != 0
    p = [code.system.probabilities for code in codes]
    assert all((np.diff(each) <= 0).all() for each in p)


def test_opened_codes_have_the_rounded_tokens(space):
    held = space.rounded(made_up(8))
    for code, tokens, there in zip(space.codes(held), held.values, held.mask, strict=True):
        system = unpack(pack(code)).system
        parts = (system.matrices, system.offsets, np.log(system.probabilities))
        found = tokens_of(Maps(*(torch.from_numpy(np.array(part))[None] for part in parts)))[0]
        quanta = torch.tensor([field.quantum for field in FIELDS])
        wanted = tokens[there] / quanta
        torch.testing.assert_close((found / quanta).round().float(), wanted)


def test_the_order_of_maps_and_what_is_not_there_change_no_picture(space):
    latents = made_up(8)
    drawn = space.draw(latents)
    torch.testing.assert_close(space.draw(shuffled(latents)), drawn, atol=1e-5, rtol=1e-5)
    changed = torch.where(latents.mask[..., None], latents.values, torch.tensor(7.0))
    assert torch.equal(space.draw(latents._replace(values=changed)), drawn)
    for number, there in enumerate(latents.mask):
        alone = Latents(latents.values[number : number + 1, : int(there.sum())])
        torch.testing.assert_close(space.draw(alone)[0], drawn[number])


def test_moments_against_a_chaos_game():
    system = classic("barnsley-fern")
    parts = (system.matrices, system.offsets, np.log(system.probabilities))
    maps = Maps(*(torch.from_numpy(np.array(part))[None] for part in parts))
    points = attractor(system)
    mean, covariance = (part[0].numpy() for part in moments(maps))
    spread = points.std(0)
    np.testing.assert_allclose(mean, points.mean(0), atol=0.03 * spread.max())
    wanted = np.cov(points.T)
    np.testing.assert_allclose(covariance, wanted, atol=0.03 * wanted.max())
    corners = measure_points(maps)[0].numpy()
    np.testing.assert_allclose(corners.mean(0), mean, atol=1e-12)
    np.testing.assert_allclose(np.cov(corners.T, bias=True), covariance, rtol=1e-4, atol=1e-6)


def test_a_drawing_against_points_of_the_chaos_game(space):
    """The picture is that of dots at points of the attractor."""
    latents = made_up(4, 0.35)
    drawn = space.draw(latents, 2)
    systems = [code.system for code in space.codes(latents)]
    cells = 8 * SIDE
    counts = render_batch(systems, (cells, cells), 400_000, viewports=(-1, -1, 1, 1), mode="grey")
    for system, count, picture in zip(systems, counts, drawn, strict=True):
        rows, columns = np.nonzero(count)
        weights = count[rows, columns].astype(np.float64)
        inside = (abs(attractor(system)) < 1).all(1).mean()
        weights *= inside * len(system) * space.config.dots / weights.sum()
        places = (np.stack([rows, columns], 1) + 0.5) / 4
        centers = np.arange(2 * SIDE) + 0.5
        across = [np.exp(-((places[:, k, None] - centers) ** 2) / 1.6) for k in (0, 1)]
        ink = np.einsum("p,pi,pj->ij", weights, *across)
        inner = np.s_[4:-4, 4:-4]  # beyond the window no point was counted
        error = abs(picture[0].numpy() - (1 - np.exp(-ink)))[inner]
        assert error.mean() < 0.03  # pieces of so few maps are larger than the pen


def test_gradients_against_finite_differences(monkeypatch):
    """In double precision, by the dense splat: the compiled one is of single precision."""
    from selfsame.ifs.render.splat import splat_dense
    from selfsame.latents.maps import drawing

    monkeypatch.setattr(drawing, "splat", splat_dense)
    tokens = made_up(2, 0.4).values[:, :3].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: draw_maps(maps_of(x), 4, 5.0, 0.7), tokens)


def test_the_compiled_drawing_has_the_gradient_of_the_dense_one(space, monkeypatch):
    from selfsame.ifs.render.splat import splat_dense
    from selfsame.latents.maps import drawing

    found = []
    for kind in (drawing.splat, splat_dense):
        monkeypatch.setattr(drawing, "splat", kind)
        values = made_up(3).values.clone().requires_grad_()
        space.draw(Latents(values), 1.5).square().sum().backward()
        found.append(values.grad)
    torch.testing.assert_close(found[0], found[1], atol=2e-3, rtol=2e-3)
    assert (found[0].abs().sum((1, 2)) > 0).all()


def test_enlargements_are_of_the_drawing(space):
    latents = space.encode(strokes())
    small, large = space.draw(latents), space.draw(latents, 6)
    assert large.shape == (3, 1, 6 * SIDE, 6 * SIDE)
    assert space.draw(latents, 1.3).shape[-1] == round(1.3 * SIDE)
    pooled = torch.nn.functional.avg_pool2d(large, 6)
    torch.testing.assert_close(pooled, small, atol=0.12, rtol=0)
    assert float(pooled.mean()) == pytest.approx(float(small.mean()), rel=0.03)


def test_descent_draws_the_picture_better_and_a_picture_has_one_code(space):
    pictures = strokes()
    latents = space.encode(pictures)
    start = MapsSpace(MapsModel(MapsConfig(side=SIDE, maps=6, ink=6.0, steps=0))).encode(pictures)

    def errors(found):
        return (space.draw(found) - pictures).square().mean((1, 2, 3))

    assert (errors(latents) < 0.7 * errors(start)).all()
    assert errors(latents).max() < 0.02
    alone = space.encode(pictures[1:2])
    torch.testing.assert_close(alone.values[0], latents.values[1], atol=1e-3, rtol=1e-3)


def test_pictures_of_more_ink_have_more_maps(space):
    pictures = strokes(4)
    ink = pictures.sum((1, 2, 3))
    wanted = [min(max(round(float(each) / 6), 4), 6) for each in ink]
    assert map_counts(pictures, space.config).tolist() == wanted
    assert space.encode(pictures).mask.sum(1).tolist() == wanted
    assert len(set(wanted)) > 1
    assert ink_for(pictures, 6) == pytest.approx(float(ink.max()) / 6, rel=0.2)


def test_words_are_long_enough():
    assert [word_length(n) for n in (1, 2, 4, 7, 8, 24, 64)] == [1, 6, 3, 3, 2, 2, 1]


def test_what_cannot_be_coded_or_drawn_is_refused(space):
    with pytest.raises(InputError, match="picture 1 of 2 is black"):
        space.encode(torch.stack([strokes(1)[0], torch.zeros(1, SIDE, SIDE)]))
    with pytest.raises(InputError, match=r"values must be \(B, T, 7\), T up to 6"):
        space.draw(Latents(torch.zeros(1, 7, 7)))
    with pytest.raises(InputError, match="of each set one"):
        space.draw(Latents(torch.zeros(1, 2, 7), mask=torch.zeros(1, 2, dtype=torch.bool)))
    with pytest.raises(SettingError, match="side must be even"):
        MapsConfig(side=15)


@pytest.mark.parametrize("shape", [(1, 3, SIDE, SIDE), (1, 1, 8, 8), (1, SIDE, SIDE)])
def test_pictures_of_another_shape_are_refused(space, shape):
    with pytest.raises(InputError, match="pictures must be"):
        space.encode(torch.ones(shape))


def test_a_space_is_kept_in_a_folder_and_loaded_as_any(space, tmp_path):
    space.save_pretrained(tmp_path / "own")
    again = load_space(tmp_path / "own")
    assert (again.config, again.name, again.fingerprint) == (space.config, "own", space.fingerprint)
    other = MapsSpace(MapsModel(MapsConfig(side=SIDE, maps=6, ink=6.0, steps=21)))
    assert other.fingerprint != space.fingerprint


def test_inspection_leaves_out_what_is_not_there(space):
    pictures = strokes()
    found = inspect_space(space, pictures)
    latents = space.encode(pictures)
    there = latents.values[latents.mask]
    assert not latents.mask.all()
    assert found.channels[LAST].mean == pytest.approx(float(there[:, LAST].mean()), abs=1e-4)
    assert found.psnr[1] > 15
