"""What a page may ask of the browser's module beyond golden files."""

import gzip
import json
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import selfsame
from selfsame import load, render
from selfsame.codes.store import pack
from selfsame.collage.code import CollageCode, symbol_shapes
from selfsame.collage.network.model import CollageConfig, CollageModel
from support.browser import RUN, Job, as_pixels, assert_same_numbers, in_node, needs_node, numbers
from support.framed_files import frames, joined
from support.random_codes import random_code

pytestmark = needs_node

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
MODULE = Path(selfsame.__file__).parent / "web" / "selfsame.wasm"


def golden(name):
    return (GOLDEN / f"{name}.ssm").read_bytes()


def assert_same_pixels(found, code, **options):
    assert isinstance(found, np.ndarray), found
    expected = as_pixels(render(code, **options))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1, options


def test_the_module_is_small_and_asks_for_nothing():
    assert len(gzip.compress(MODULE.read_bytes(), 9)) <= 120_000
    script = "const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));"
    script += "console.log(JSON.stringify(WebAssembly.Module.imports(m)))"
    run = subprocess.run(["node", "-e", script, MODULE], capture_output=True, check=True)
    assert json.loads(run.stdout) == []


def odd_collage(folder, overlap, factors):
    """A code whose domains count, and the file of its model."""
    torch.manual_seed(1)
    shape = {"overlap": overlap, "domain_factors": factors, "atoms": (9, 4), "width": 4, "depth": 0}
    model = CollageModel(CollageConfig(**shape))
    with torch.no_grad():
        for blocks in model.decoder.blocks:
            blocks += 0.1 * torch.randn_like(blocks)
    model.save_pretrained(folder / "odd")
    fingerprint = CollageModel.from_pretrained(folder / "odd").decoder.fingerprint()
    rng = np.random.default_rng(2)
    symbols = []
    for shape in symbol_shapes(70, 45, 16, (9, 4, 4), len(factors)):
        plane = rng.integers(-2, 3, shape).astype(np.int32)
        plane[0] = rng.integers(-40, 41, shape[1:])
        plane[-len(factors) or shape[0] :] *= 6
        symbols.append(plane)
    alpha = rng.integers(0, 256, (45, 70)).astype(np.uint8)
    code = CollageCode(
        70, 45, "odd", fingerprint, 128, 16, (9, 4, 4), len(factors), 5, tuple(symbols), alpha
    )
    return code, (folder / "odd" / "model.safetensors").read_bytes()


@pytest.mark.parametrize(("overlap", "factors"), [(8, (2, 3)), (0, (4,)), (8, ())])
def test_collages_are_drawn_with_their_model(tmp_path, overlap, factors):
    code, model = odd_collage(tmp_path, overlap, factors)
    views = [
        {},
        {"scale": 2},
        {"scale": 1.4},
        {"scale": 0.3},
        {"size": [31, 90]},
        {"iterations": 1},
    ]
    (found,) = in_node(Job(pack(code), views, model))
    assert found["isComplete"]
    for options, picture in zip(views, found["pictures"], strict=True):
        assert_same_pixels(picture, code, **options)


def test_models_that_ship_are_found_by_name_and_others_refused(tmp_path):
    pixels = np.indices((40, 50)).sum(axis=0).astype(np.uint8) * 2
    shipped = selfsame.encode(pixels, model="photo", quality=70)
    odd, model = odd_collage(tmp_path, 8, (2,))
    found, other, foreign, nobodys = in_node(
        Job(pack(shipped), [{}]),
        Job(pack(shipped), model=model),
        Job(pack(odd), model=b"no model"),
        Job(golden("collage-grey"), [{}]),
    )
    assert_same_pixels(found["pictures"][0], shipped)
    assert other["error"] == foreign["error"] == "InputError"
    assert "another model photo" in other["message"]
    assert not nobodys["isComplete"]
    assert nobodys["pictures"][0]["error"] == "InputError"
    assert "model g," in nobodys["pictures"][0]["message"]


@pytest.mark.parametrize(("level", "strategy"), [(0, 0), (1, 0), (9, 0), (9, 2), (9, 4)])
def test_alpha_of_every_kind_of_deflate_block(level, strategy):
    code = random_code(3, 400, 300, 1, alpha=True)
    rows = np.arange(300)[:, None] * np.arange(400) // 90
    alpha = np.where(rows % 5 < 3, rows % 256, code.alpha).astype(np.uint8)
    code = replace(code, alpha=alpha)
    differences = np.diff(alpha, axis=1, prepend=np.uint8(0)).tobytes()
    packer = zlib.compressobj(level, strategy=strategy)
    chunks = [
        [tag, packer.compress(differences) + packer.flush() if tag == b"ALPH" else payload]
        for tag, payload in frames(pack(code))
    ]
    (found,) = in_node(Job(joined(chunks)))
    assert_same_numbers(found["fields"], numbers(code))


def test_bands_and_half_chroma():
    code = random_code(4, 150, 1300, 3, half_chroma=True)
    views = [{}, {"region": [20, 600, 90, 777], "scale": 2}]
    (found,) = in_node(Job(pack(code), views))
    assert_same_numbers(found["fields"], numbers(code))
    for options, picture in zip(views, found["pictures"], strict=True):
        assert_same_pixels(picture, code, **options)


WRONG = {
    "photo-hybrid": [
        ({"scale": 0}, "scale"),
        ({"scale": 65}, "scale"),
        ({"size": [10, 0]}, "size"),
        ({"size": [10.5, 9]}, "size"),
        ({"size": [10, 10], "scale": 1}, "only one"),
        ({"region": [0, 0, 129, 5]}, "region"),
        ({"region": [5, 5, 5, 9]}, "region"),
        ({"iterations": 65}, "iterations"),
    ],
    "fern": [
        ({"size": [70000, 1]}, "size"),
        ({"size": [9, 9], "mode": "sepia"}, "mode"),
        ({"size": [9, 9], "points": 0.5}, "points"),
        ({"size": [9, 9], "zoom": 0}, "zoom"),
        ({"size": [9, 9], "viewport": [0, 0, 0, 1]}, "viewport"),
        ({"size": [9, 9], "zoom": 1e9, "center": [1e6, 0]}, "double precision"),
        ({"size": [9, 9], "depth": -1}, "depth"),
        ({"size": [9, 9], "seed": -1}, "seed"),
        ({"size": [9, 9], "supersample": 9}, "supersample"),
    ],
    "smallest": [({"depth": 3}, "leaf shape")],
    "space": [({"elevation": 91}, "elevation"), ({"zoom": 0}, "zoom")],
    "mosaic-syntax": [
        ({"zoom": 0.5}, "zoom"),
        ({"zoom": 2, "center": [-1, 0]}, "place"),
        ({"zoom": 2, "size": [5000, 10]}, "frames"),
    ],
    "mosaic-pieces": [({"zoom": 2}, "made of itself")],
}


def test_unusable_options_are_named():
    jobs = [Job(golden(name), [options for options, _ in cases]) for name, cases in WRONG.items()]
    for cases, found in zip(WRONG.values(), in_node(*jobs), strict=True):
        for (options, word), picture in zip(cases, found["pictures"], strict=True):
            assert picture["error"] == "InputError", options
            assert word in picture["message"], options


def test_a_code_outlives_what_it_cannot_do():
    """Faults of the core end its instance, not the code."""
    expanding = selfsame.IFS([[[1.5, 0], [0, 1.5]]] * 2, [[1, 1], [0, 1]])
    too_much = {"size": [11000, 11000], "mode": "flame", "supersample": 2}
    gasket, escaped = in_node(
        Job(golden("gasket"), [too_much, {"size": [9, 9]}]),
        Job(pack(selfsame.IFSCode(expanding, (0, 0, 1, 1), (8, 8))), [{}, {}]),
    )
    huge, small = gasket["pictures"]
    assert huge["error"] == "MemoryError"
    assert_same_pixels(small, load(GOLDEN / "gasket.ssm"), size=(9, 9))
    for picture in escaped["pictures"]:
        assert picture["error"] == "InputError"
        assert "escape" in picture["message"]


def test_the_script_names_no_other_place():
    """No request leaves the site that the page is on."""
    script = RUN.parents[2] / "src" / "selfsame" / "web" / "selfsame.mjs"
    assert "://" not in script.read_text()
