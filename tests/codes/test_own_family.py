"""A family from outside of the package, the one that the tutorial builds: one module, and files,
Pillow, rendering and the command line take its codes."""

import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import selfsame
from selfsame.cli import main
from selfsame.codes import registry
from selfsame.codes.render import decode_steps
from selfsame.codes.store import pack, unpack
from selfsame.coding.container import SRGB, Chunk, Container, read_container, write_container
from selfsame.errors import CorruptedError, InputError, UnsupportedError
from support import ROOT
from support.markdown_pages import files_of

PAGE = ROOT / "docs" / "tutorial" / "own-family.md"


@pytest.fixture
def tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the tutorial; the registry is as it was afterwards."""
    (tmp_path / "tiles.py").write_text(files_of(PAGE)["tiles.py"])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    sys.modules.pop("tiles", None)  # of a test that ran the page's snippets
    try:
        yield importlib.import_module("tiles")
    finally:
        sys.modules.pop("tiles", None)


@pytest.fixture
def code(tiles: ModuleType) -> Any:
    ramp = np.linspace(0, 1, 24 * 32).reshape(24, 32)
    return tiles.encode(ramp, tiles=4, contrast=8)


@pytest.fixture
def file(code: Any, tmp_path: Path) -> Path:
    path = tmp_path / "code.ssm"
    selfsame.save(code, path)
    return path


def test_a_file_holds_an_equal_code(code: Any, file: Path) -> None:
    assert selfsame.load(file) == code
    assert pack(selfsame.load(file)) == file.read_bytes()


def test_the_picture_is_the_fixed_point(code: Any) -> None:
    """One more application changes less than a grey value, whatever it starts from."""
    picture = selfsame.decode(code)
    assert picture.dtype == np.float32
    assert picture.shape == (24, 32)
    steps = list(decode_steps(code, start="noise"))
    assert len(steps) == 9  # 0.5 ** 8 = 1 / 256
    assert not np.allclose(steps[0], picture, atol=0.1)
    np.testing.assert_allclose(steps[-1], picture, atol=1 / 128)
    again = selfsame.decode(code, iterations=20)
    np.testing.assert_allclose(again, picture, atol=1 / 256)


def test_the_means_are_those_of_the_tiles(code: Any) -> None:
    picture = selfsame.render(code, (320, 240))
    means = picture.reshape(4, 60, 4, 80).mean((1, 3))
    np.testing.assert_allclose(means, code.means / 255, atol=0.03)  # but for what is clipped


def test_pillow_opens_it_in_the_size_of_the_original(code: Any, file: Path) -> None:
    with Image.open(file) as picture:
        assert (picture.size, picture.mode, picture.format) == ((32, 24), "L", "SSM")
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels, np.round(255 * selfsame.decode(code)).astype(np.uint8))


def test_it_renders_at_any_size(code: Any) -> None:
    assert selfsame.render(code, (100, 50)).shape == (50, 100)
    assert selfsame.render(code, scale=3).shape == (72, 96)


def test_what_it_does_not_honour_is_refused(code: Any) -> None:
    with pytest.raises(InputError, match="zoom is not for codes of the family tiles"):
        selfsame.render(code, zoom=2)
    with pytest.raises(InputError, match="depth is not for codes of the family tiles"):
        selfsame.render(code, depth=2)


def test_the_command_line_decodes_it(code: Any, file: Path, tmp_path: Path) -> None:
    picture, film = tmp_path / "out.png", tmp_path / "steps.png"
    arguments = ["--scale", "2", "--animate", str(film), "--quiet"]
    assert main(["decode", str(file), "-o", str(picture), *arguments]) == 0
    with Image.open(picture) as found:
        np.testing.assert_array_equal(
            np.asarray(found), np.round(255 * selfsame.decode(code, scale=2)).astype(np.uint8)
        )
    with Image.open(film) as found:
        assert found.n_frames == 9  # type: ignore[attr-defined]


def test_the_command_line_renders_it(code: Any, file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    assert main(["render", str(file), "-o", str(picture), "--size", "50x40", "--quiet"]) == 0
    with Image.open(picture) as found:
        np.testing.assert_array_equal(
            np.asarray(found), np.round(255 * selfsame.render(code, (50, 40))).astype(np.uint8)
        )


def test_info_shows_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(file)]) == 0
    text = capsys.readouterr().out
    assert "tiles" in text
    assert "4 rows of 4" in text
    assert f"{file.stat().st_size} bytes" in text


def test_info_gives_every_number_as_json(
    code: Any, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(file), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["kind"] == "tiles"
    assert values["size"] == [32, 24]
    assert values["means"] == code.means.tolist()
    assert values["contrast"] == 0.5
    assert [chunk["tag"] for chunk in values["chunks"]] == ["HEAD", "TILE", "TAIL"]


def test_it_converts_to_files_of_codes(code: Any, file: Path, tmp_path: Path) -> None:
    copy, folder = tmp_path / "copy.ssm", tmp_path / "copies"
    assert main(["convert", str(file), "-o", str(copy), "--quiet"]) == 0
    assert main(["convert", str(file), str(copy), "-o", str(folder), "--quiet"]) == 0
    assert selfsame.load(copy) == code
    assert [selfsame.load(path) for path in sorted(folder.iterdir())] == [code, code]


@pytest.mark.parametrize("name", ["code.json", "code.flame"])
def test_formats_of_maps_are_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["convert", str(file), "-o", str(tmp_path / name)]) == 2
    assert "holds a code of the family tiles" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_a_plot_is_refused_by_name(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(file), "--plot", str(tmp_path / "plot.png")]) == 2
    assert "family tiles" in capsys.readouterr().err


def test_its_module_is_loaded_when_a_file_asks_for_it(tiles: ModuleType, file: Path) -> None:
    del sys.modules["tiles"]
    code = selfsame.load(file)
    assert type(code).__module__ == "tiles"
    assert type(code) is not tiles.TilesCode


@pytest.fixture
def installed(
    tiles: ModuleType, code: Any, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The entry points of a distribution that has the module; nobody has imported it yet."""
    metadata = tmp_path / "tiles-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tiles\nVersion: 1.0\n")
    points = tomllib.loads(files_of(PAGE)["pyproject.toml"])["project"]["entry-points"]
    group = "\n".join(f"{name} = {module}" for name, module in points[registry.GROUP].items())
    (metadata / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{group}\n")
    del registry._ENTRIES["tiles"]
    del sys.modules["tiles"]
    importlib.invalidate_caches()
    return metadata / "entry_points.txt"


def test_an_installed_family_opens_its_files(
    installed: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(file)]) == 0
    assert "4 rows of 4" in capsys.readouterr().out
    assert main(["decode", str(file), "-o", str(tmp_path / "out.png"), "--quiet"]) == 0


def test_an_installed_family_is_known_by_name_and_by_code(installed: Path, code: Any) -> None:
    assert registry.family_of(code).name == "tiles"
    assert registry.family_named("tiles").options == {"iterations", "start"}


def test_only_what_is_unknown_is_looked_up(installed: Path) -> None:
    assert registry.name_by_number(2) == "pifs"
    with pytest.raises(UnsupportedError, match="kind 99"):
        registry.name_by_number(99)  # no other package can have it
    assert "tiles" not in sys.modules
    assert registry.name_by_number(200) == "tiles"


def test_an_installed_family_that_fails_is_named(installed: Path, file: Path) -> None:
    points = installed.read_text()
    installed.write_text(f"[{registry.GROUP}]\nbroken = no_such_module\n")
    importlib.invalidate_caches()
    with pytest.raises(UnsupportedError, match=r"kind 200.* broken cannot be loaded: No module"):
        selfsame.load(file)
    with pytest.raises(InputError, match="got 'tiles'; the family broken cannot be loaded"):
        registry.family_named("tiles")
    installed.write_text(f"{points}broken = no_such_module\n")  # and does not hide the others
    importlib.invalidate_caches()
    assert selfsame.load(file).family == "tiles"


def test_without_its_module_a_file_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {name: entry for name, entry in registry._ENTRIES.items() if name != "tiles"}
    monkeypatch.setattr(registry, "_ENTRIES", entries)
    with pytest.raises(UnsupportedError, match="code of kind 200"):
        selfsame.load(file)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x04\x04",
        b"\x04\x04\x08" + bytes(15),
        b"\x04\x04\x08" + bytes(17),
        b"\x01\x04\x08" + bytes(4),
        b"\x04\x04\x10" + bytes(16),
    ],
    ids=["empty", "cut fields", "cut means", "one more", "one row", "no contraction"],
)
def test_wrong_bytes_are_named(code: Any, payload: bytes) -> None:
    header = read_container(pack(code)).header
    data = write_container(Container(header, (Chunk(b"TILE", payload),)))
    with pytest.raises(CorruptedError, match="TILE"):
        unpack(data)


def test_a_header_in_colour_is_refused(code: Any) -> None:
    container = read_container(pack(code))
    data = write_container(replace(container, header=container.header._replace(color_space=SRGB)))
    with pytest.raises(CorruptedError, match="tiles are grey"):
        unpack(data)


def test_a_code_is_checked_when_it_is_made(tiles: ModuleType) -> None:
    means = np.zeros((4, 4), np.uint8)
    with pytest.raises(InputError, match=r"within 0\.\.15: got 16"):
        tiles.TilesCode((8, 8), means, 16)
    for shape in ((4,), (1, 4), (4, 256)):
        with pytest.raises(InputError, match="2 to 255 rows"):
            tiles.TilesCode((8, 8), np.zeros(shape, np.uint8), 1)
    made = tiles.TilesCode((8, 8), means, 1)
    means[0, 0] = 1
    assert made.means[0, 0] == 0
