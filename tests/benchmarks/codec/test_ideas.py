"""The variants of the codec lack what they say, and nothing of them stays behind."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import harness
from benchmarks.codec import ideas, variants
from benchmarks.codec.photos import Photo, load_photos
from benchmarks.codec.variants import AS_IS, VARIANTS
from benchmarks.harness.kept import Table
from selfsame.codes import store
from selfsame.errors import InputError
from selfsame.pifs.code import HALF, LUMA, NO_MAP, PifsCode


@cache
def picture() -> Photo:
    """Part of a photograph: edges, texture, colours."""
    options = argparse.Namespace(data=None, pictures=1, quick=True)
    photo = load_photos(options)[0]
    return Photo(photo.name, np.ascontiguousarray(photo.rgb[20:116, 20:148]))


@cache
def coded(name: str, color: str = "grey", mode: str = "pure") -> tuple[PifsCode, int]:
    """Return the code and the bytes of its file."""
    from selfsame.pifs.encoding.encode import encode

    variant = VARIANTS[name]
    with variants.within(variant):
        code = encode(picture().pixels(color), quality=55, mode=mode, threads=1)  # type: ignore[arg-type]
        code = variant.finish(code)
        return code, len(store.pack(code))


def sides(code: PifsCode) -> set[tuple[int, int]]:
    return {(h, w) for plane in code.planes for _, _, h, w in plane.blocks.tolist()}


def kinds(code: PifsCode, planes: slice = slice(None)) -> set[int]:
    return {kind for plane in code.planes[planes] for kind in plane.maps[:, 0].tolist()}


def levels_beyond(code: PifsCode, allowed: Callable[[int, int], bool]) -> int:
    """Return how many levels that are not zero stand at (v, u) of blocks where none may."""
    found = 0
    for plane in code.planes:
        for y, x, h, w in plane.blocks.tolist():
            v, u = np.nonzero(plane.levels[y : y + (1 << h), x : x + (1 << w)])
            found += sum(not allowed(int(a), int(b)) for a, b in zip(v, u, strict=True))
    return found


def test_blocks_have_the_shapes_that_are_left() -> None:
    usual = sides(coded(AS_IS, mode="hybrid")[0])
    assert any(h != w for h, w in usual)
    assert {2, 4} <= {h for h, _ in usual}
    square = sides(coded("square blocks", mode="hybrid")[0])
    assert all(h == w for h, w in square)
    assert len(square) > 1
    assert sides(coded("blocks 8×8 only", mode="hybrid")[0]) == {(3, 3)}
    assert min(min(s) for s in sides(coded("blocks from 8", mode="hybrid")[0])) == 3
    assert max(max(s) for s in sides(coded("blocks up to 16", mode="hybrid")[0])) == 4


def test_blocks_of_64_go_first() -> None:
    from selfsame.pifs.encoding.encode import encode

    flat = np.full((128, 128), 90, np.uint8)
    for name, largest in ((AS_IS, 6), ("blocks up to 32", 5), ("blocks up to 16", 4)):
        with variants.within(VARIANTS[name]):
            assert max(max(s) for s in sides(encode(flat, quality=50, threads=1))) == largest


def test_untrained_tables_cost_bytes_and_files_still_decode() -> None:
    _, usual = coded(AS_IS, mode="hybrid")
    code, size = coded("untrained", mode="hybrid")
    assert size > usual * 1.01
    with variants.within(VARIANTS["untrained"]):
        again = store.unpack(store.pack(code))
    assert all((a.levels == b.levels).all() for a, b in zip(again.planes, code.planes, strict=True))


def test_rounding_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    coefficients = rng.normal(0, 2, (16, 24)).astype(np.float32)
    blocks = np.array([[0, 0, 4, 4], [0, 16, 3, 3], [8, 16, 2, 3], [12, 16, 2, 3]])
    for offset in (1 / 3, 0.5):
        for last in (2, 1 << 12):
            expected = np.zeros((16, 24), np.int32)
            for y, x, lh, lw in blocks.tolist():
                for v in range(1 << lh):
                    for u in range(1 << lw):
                        if v + u <= 1 or last > 2:
                            value = float(coefficients[y + v, x + u])
                            own = offset if v + u else 0.5
                            expected[y + v, x + u] = np.sign(value) * int(abs(value) + own)
            found = variants.levels_of(coefficients, blocks, offset, last)
            assert (found == expected).all()


def test_quantisers_without_choice_keep_other_levels() -> None:
    counts = {
        name: sum(int((p.levels != 0).sum()) for p in coded(name, mode="hybrid")[0].planes)
        for name in (AS_IS, "dead zone", "rounding")
    }
    assert max(counts[AS_IS], counts["dead zone"]) < counts["rounding"]
    assert counts[AS_IS] != counts["dead zone"]
    # In pure mode it, too, keeps to means and slopes.
    assert levels_beyond(coded("rounding")[0], lambda v, u: v + u <= 1) == 0


def test_maps_go_away_by_kind() -> None:
    assert kinds(coded(AS_IS)[0]) == {NO_MAP, HALF}
    assert kinds(coded("no maps")[0]) == {NO_MAP}
    assert LUMA in kinds(coded(AS_IS, "color")[0])
    assert kinds(coded("no maps", "color")[0]) == {NO_MAP}
    assert kinds(coded("no luma maps", "color")[0]) == {NO_MAP, HALF}
    assert kinds(coded("no maps within a plane", "color")[0]) == {NO_MAP, LUMA}


def test_near_and_window_maps_are_told_apart() -> None:
    def far(code: PifsCode) -> int:
        """Maps whose domain's centre is far from the block's, or that turn it."""
        plane = code.planes[0]
        own = plane.maps[:, 0] == HALF
        blocks, maps = plane.blocks[own], plane.maps[own]
        offsets = maps[:, 1:3] + (1 << blocks[:, 2:3] >> 1) - blocks[:, :2]
        return int(((np.abs(offsets) > 16).any(axis=1) | (maps[:, 3] > 0)).sum())

    assert far(coded(AS_IS)[0]) > 0
    assert far(coded("no window maps")[0]) == 0
    assert far(coded("no near maps")[0]) > 0
    assert 2 not in {
        int(h)
        for plane in [coded("no near maps")[0].planes[0]]
        for h in plane.blocks[plane.maps[:, 0] == HALF, 2]
    }  # the smallest blocks have near maps only
    assert far(coded(AS_IS, mode="hybrid")[0]) == 0
    assert far(coded("window maps", mode="hybrid")[0]) > 0


def test_windows_in_hybrid_are_as_large_as_in_pure() -> None:
    from selfsame.pifs.encoding.candidates import plan_for

    assert {s.radius for s in plan_for("pure", 5).searches} == {0, variants.WINDOW}
    assert {s.radius for s in plan_for("hybrid", 5).searches} == {0}


def test_other_parts_go_away() -> None:
    from selfsame.pifs.encoding.candidates import plan_for

    assert plan_for("pure", 5).rounds > 0
    assert VARIANTS["collage"].plan(plan_for("pure", 5)).rounds == 0
    assert (coded("collage")[0].planes[0].levels != coded(AS_IS)[0].planes[0].levels).any()
    assert levels_beyond(coded(AS_IS)[0], lambda v, u: v == u == 0) > 0
    assert levels_beyond(coded("means only")[0], lambda v, u: v == u == 0) == 0
    assert coded(AS_IS)[0].deblock > 0
    assert coded("no deblocking")[0].deblock == 0
    assert coded("always 4:2:0", "color")[0].half_chroma
    assert not coded("always 4:4:4", "color")[0].half_chroma


def test_nothing_of_a_variant_stays_behind() -> None:
    from selfsame.pifs.encoding.encode import encode

    before = store.pack(coded(AS_IS, "color")[0])
    for name in VARIANTS:
        coded(name, "color")
    pixels = picture().pixels("color")
    assert store.pack(encode(pixels, quality=55, mode="pure", threads=1)) == before


def test_a_variant_that_no_longer_applies_says_so() -> None:
    with (
        pytest.raises(InputError, match="adapt the benchmark"),
        variants.replaced(object(), None),
    ):
        pass
    with (
        pytest.raises(InputError, match="has no gone any more"),
        variants.assigned(variants, "gone", 1),
    ):
        pass


def test_every_idea_compares_two_variants_and_every_variant_serves() -> None:
    used = {name for idea in ideas.IDEAS for name in (idea.on, idea.off)}
    assert used == set(VARIANTS)
    assert len({idea.name for idea in ideas.IDEAS}) == len(ideas.IDEAS)


def test_an_idea_that_halves_the_rate() -> None:
    table = Table(None, ideas.KEYS, ideas.COLUMNS)
    one = Photo("p", np.zeros((8, 8, 3), np.uint8))
    options = argparse.Namespace(qualities=[1.0, 2.0], colors=["grey"])
    for name, share in (("no maps", 1.0), (AS_IS, 0.5)):
        for quality, bpp, psnr in ((1.0, 0.2, 30.0), (2.0, 1.0, 37.0)):
            key = ideas.key_of(one, "grey", "pure", name, quality)
            table.add(key | {"bpp": share * bpp, "psnr_db": psnr})
    row = ideas.idea_row(ideas.Idea("maps", "no maps"), [one], table, options)
    assert row["pure grey, % of rate"] == pytest.approx(-50)
    assert row["pure grey, dB"] == pytest.approx(7 / np.log(5) * np.log(2))
    assert row["pure grey, pictures"] == 1
    assert row["hybrid grey, dB"] is None


def test_a_quick_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command: list[Any] = ["codec_ideas.py", "--quick", "-o", tmp_path, "--colors", "grey", "--json"]
    command += ["--variants", AS_IS, "no maps", "no deblocking", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    ideas.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    found = {row["idea"]: row for row in document["results"]["ideas"]}
    assert set(found) == {"maps, all kinds", "deblocking"}
    assert found["deblocking"]["hybrid grey, dB"] > 0
    for name in ("codec_ideas.csv", "codec_ideas_rows.csv", "codec_ideas.png"):
        assert (tmp_path / name).stat().st_size > 100
