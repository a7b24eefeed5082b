"""What every recipe promises: pictures by index alone, labels, identities, errors."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.fractals import PRESETS, make_recipe, rebuild_recipe
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS
from support.fractal_recipes import OPTIONS, small

NAMES = sorted(PRESETS)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_depends_on_its_index_alone(name):
    recipe = small(name)
    everything = recipe.pictures(range(len(recipe)))
    shape = (len(recipe), 32, 32) + ((3,) if recipe.channels == 3 else ())
    assert everything.shape == shape
    assert everything.dtype == np.uint8
    chosen = np.random.default_rng(0).permutation(len(recipe))[:7]
    assert np.array_equal(recipe.pictures(chosen), everything[chosen])
    assert np.array_equal(recipe.pictures([int(chosen[0])] * 2), everything[chosen[[0, 0]]])
    for threads in (1, 3):
        other = replace(recipe, threads=threads)
        assert np.array_equal(other.pictures(range(len(recipe))), everything)
    copy = pickle.loads(pickle.dumps(recipe))
    assert np.array_equal(copy.pictures(chosen), everything[chosen])
    assert recipe.pictures([]).shape == (0, *shape[1:])


@pytest.mark.parametrize("name", NAMES)
def test_pictures_differ_and_none_is_empty(name):
    recipe = small(name)
    pictures = recipe.pictures(range(len(recipe)))
    flat = pictures.reshape(len(pictures), -1)
    assert (flat.max(axis=1) > 0).all()
    assert len(np.unique(flat, axis=0)) == len(flat)
    other = replace(recipe, seed=6)
    assert not np.array_equal(other.pictures(range(5)), pictures[:5])


@pytest.mark.parametrize("name", NAMES)
def test_labels_go_by_class(name):
    recipe = small(name)
    labels = [recipe.label(i) for i in range(len(recipe))]
    assert labels == [i // recipe.instances for i in range(len(recipe))]
    matrix = recipe.label_matrix(range(len(recipe)))
    assert matrix.shape == (len(recipe), recipe.classes)
    assert matrix[np.arange(len(recipe)), labels].all()
    assert (matrix.sum(axis=1) > 1).any() == recipe.multi_label


@pytest.mark.parametrize("name", NAMES)
def test_an_identity_goes_through_json_and_back_to_the_same_recipe(name):
    recipe = small(name)
    identity = json.loads(json.dumps(recipe.identity()))
    again = rebuild_recipe(identity, recipe.class_parameters())
    assert again.identity() == recipe.identity()
    assert np.array_equal(again.pictures([3, 1]), recipe.pictures([3, 1]))
    json.dumps(recipe.instance_parameters(1))


@pytest.mark.parametrize("name", NAMES)
def test_identities_tell_recipes_apart(name):
    recipe = small(name)
    others = [replace(recipe, seed=6), replace(recipe, side=33), replace(recipe, points=3001)]
    systems = recipe.systems._replace(offsets=recipe.systems.offsets + 1e-9)
    others += [replace(recipe, systems=systems), replace(recipe, instances=recipe.instances - 1)]
    for other in others:
        assert other.identity() != recipe.identity()
    assert replace(recipe, threads=3).identity() == recipe.identity()


def test_parameters_of_other_classes_do_not_rebuild():
    recipe = small("custom")
    parameters = recipe.class_parameters()
    parameters["offsets"][0, 0] += 1
    assert recipe.systems.offsets[0, 0, 0] != parameters["offsets"][0, 0, 0]
    with pytest.raises(InputError, match="not those of the identity"):
        rebuild_recipe(recipe.identity(), parameters)
    with pytest.raises(InputError, match="version 99"):
        rebuild_recipe({**recipe.identity(), "version": 99}, recipe.class_parameters())
    with pytest.raises(InputError, match="lack 'counts'"):
        rebuild_recipe(recipe.identity(), {k: v for k, v in parameters.items() if k != "counts"})


@pytest.mark.parametrize("name", [n for n in NAMES if n != "custom"])
def test_fewer_classes_are_the_first_ones(name):
    few = small(name, classes=1)
    for key, values in few.class_parameters().items():
        many = small(name).class_parameters()[key][:1]
        assert np.array_equal(many[:, : values.shape[1]] if values.ndim > 1 else many, values)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("fractal", {}, "there are fractaldb, anderson-farrell"),
        ("1p", {"color": True}, "no option color: it has points, delta, sigma"),
        ("1p", {"classes": 0}, "classes"),
        ("1p", {"classes": 2.5}, "classes"),
        ("1p", {"instances": True}, "instances"),
        ("1p", {"side": 8}, "side must be a whole number within 16..4096"),
        ("1p", {"seed": -1}, "seed"),
        ("1p", {"seed": 2**63}, "seed"),
        ("1p", {"threads": 0}, "threads"),
        ("1p", {"points": 0}, "points"),
        ("1p", {"delta": 1.5}, "delta must be a number within 0..1"),
        ("1p", {"delta": float("nan")}, "delta"),
        ("1p", {"sigma": 2}, "sigma"),
        ("1p", {"classes": 2**20 + 1}, "classes"),
        ("1p", {"instances": 2**32 + 1}, "instances"),
        ("fractaldb", {"instances": 1001}, "instances must be a whole number within 1..1000"),
        ("fractaldb", {"color": 1}, "color must be true or false: got 1"),
        ("fractaldb", {"interval": 0.6}, "interval"),
        ("fractaldb", {"rate": 0}, "rate"),
        ("fractaldb", {"rate": "much"}, "rate"),
        ("anderson-farrell", {"background": None}, "background"),
        ("multifractal", {"objects": (0, 5)}, "objects"),
        ("multifractal", {"objects": (5, 1)}, "objects must be the least, then the largest: 5, 1"),
        ("multifractal", {"objects": (1, 16)}, "objects"),
        ("multifractal", {"objects": 3}, "objects must be 2 values: got 3"),
        ("multifractal", {"sizes": (0.0, 0.5)}, "sizes"),
        ("multifractal", {"sizes": ("a", "b")}, "sizes"),
        ("custom", {"codes": None}, "made of codes: give a file .* --codes PATH, .* got none"),
        ("custom", {"codes": []}, "made of codes: .* got none"),
        ("custom", {"codes": [1]}, "codes must be IFS or IFSCode: got int"),
        ("custom", {"codes": "nowhere"}, "no such file: nowhere"),
        ("custom", {"codes": [classic("menger-sponge")]}, "planar"),
        ("custom", {"classes": 3}, "classes must be a whole number within 1..2: got 3"),
        ("custom", {"jitter": -0.1}, "jitter"),
    ],
)
def test_unusable_arguments_are_named(name, arguments, message):
    small_ones = OPTIONS.get(name, {})
    if "classes" in arguments or "instances" in arguments:
        # Refused before any search, however many classes are asked for.
        small_ones = {key: value for key, value in small_ones.items() if key == "codes"}
    with pytest.raises(InputError, match=message):
        make_recipe(name, **{**small_ones, **arguments})


@pytest.mark.parametrize("indices", [[-1], [12], [0.5], [[0]], ["a"]])
def test_unusable_indices_are_named(indices):
    recipe = small("custom")
    with pytest.raises(InputError, match="indices must"):
        recipe.pictures(indices)
    with pytest.raises(InputError, match="indices must"):
        recipe.label_matrix(indices)


def test_codes_come_from_a_folder_in_the_order_of_their_names(tmp_path):
    import selfsame

    systems = [classic("koch-curve"), classic("sierpinski-gasket")]
    for name, system in zip("ba", systems, strict=True):
        code = IFSCode(system, Viewport(0, 0, 1, 1), (32, 32))
        selfsame.save(code, tmp_path / f"{name}.ssm")
    recipe = make_recipe("custom", codes=tmp_path, instances=2, side=32)
    assert recipe.classes == 2
    assert recipe.systems.counts.tolist() == [len(systems[1]), len(systems[0])]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"has no codes \(\.ssm"):
        make_recipe("custom", codes=tmp_path / "none", instances=2)


def test_numbers_of_indices_may_be_numpy():
    recipe = small("custom")
    assert recipe.label(np.int64(7)) == 1
    assert np.array_equal(recipe.pictures(np.array([3], np.uint8)), recipe.pictures([3]))


def test_expanding_systems_are_drawn_as_they_are():
    wild = IFS([np.eye(2) * 1.2, np.eye(2) * 0.3], [[0.0, 0.1], [1.0, 0.0]], [0.3, 0.7])
    recipe = make_recipe("custom", codes=[wild], instances=4, side=32, points=3000)
    assert recipe.pictures(range(4)).any(axis=(1, 2)).all()
