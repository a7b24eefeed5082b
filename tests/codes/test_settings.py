import json
import re
from pathlib import Path

import numpy as np
import pytest

from selfsame.codes.settings import EncodeSettings
from selfsame.errors import InputError

PRESET = {"preset": "neural-collages-baseline"}


def test_quality_75_is_the_default_and_only_without_another_target() -> None:
    assert EncodeSettings().quality == 75
    for name, value in (("quality", 5), ("bpp", 0.5), ("bytes", 900), ("psnr", 30)):
        settings = EncodeSettings(**{name: value})
        assert getattr(settings, name) == value
        assert (settings.quality is None) == (name != "quality")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quality": 0}, "quality must be a number above 0 and at most 100 or None: got 0"),
        ({"quality": 100.5}, "quality must be"),
        ({"quality": "75"}, "quality must be a number above 0 and at most 100 or None: got '75'"),
        ({"quality": True}, "quality must be a number"),
        ({"quality": float("nan")}, "quality must be a number above"),
        ({"psnr": 101}, "psnr must be a number above 0 and at most 100"),
        ({"bpp": -1}, "bpp must be a finite number above 0"),
        ({"bpp": float("inf")}, "bpp must be a finite number above 0"),
        ({"bytes": 0}, "bytes must be a whole number from 1 or None: got 0"),
        ({"bytes": 10.5}, "bytes must be a whole number"),
        ({"quality": 50, "bpp": 1}, "at most one of quality, bpp, bytes, psnr: got quality, bpp"),
        ({"mode": "impure"}, "mode must be one of pure, hybrid or None: got 'impure'"),
        ({"effort": 0}, "effort must be a whole number within 1..9 or None: got 0"),
        ({"effort": 2.5}, "effort must be"),
        ({"effort": "5"}, "effort must be"),
        ({"effort": True}, "effort must be a whole number within 1..9 or None: got True"),
        ({"preset": "best"}, "preset must be one of neural-collages-baseline"),
        (
            {**PRESET, "bpp": 1},
            "bpp belongs to block codes or a model: it is not used with a preset",
        ),
        ({**PRESET, "effort": 3}, "effort belongs to block codes: it is not used with a preset"),
        (
            {**PRESET, "range_size": 999},
            "range_size must be one of 4, 8, 16, 32, 64 or None: got 999",
        ),
        (
            {**PRESET, "domain_size": 999},
            "domain_size must be a whole number within 4..256 or None: got 999",
        ),
        (
            {**PRESET, "range_size": 16, "domain_size": 48},
            "domain_size must be 1, 2 or 4 times range_size, 16: got 48",
        ),
        ({"range_size": 8}, "range_size belongs to a preset: it is not used with block codes"),
        ({"model": "m", "effort": 5}, "effort belongs to block codes: it is not used with a m"),
        ({"range_size": 16}, "range_size belongs to a preset: it is not used with block codes"),
        ({"domain_size": 16}, "domain_size belongs to a preset"),
        (
            {"model": "m", "range_size": 16},
            "range_size belongs to a preset: it is not used with a m",
        ),
        ({"model": 3}, "model must be text or None: got 3"),
        (
            {"model": "m", "mode": "pure"},
            "mode belongs to block codes: it is not used with a model",
        ),
        ({"model": "collage", "effort": 3}, "effort belongs to block codes"),
        (
            {**PRESET, "model": "m"},
            "model belongs to a model or a latent space: it is not used with a preset",
        ),
        (
            {"model": "collage", "refine": -1},
            "refine must be a whole number within 0..100000 or None: got -1",
        ),
        ({"model": "collage", "refine": 1.5}, "refine must be a whole number"),
        ({"model": "collage", "seed": True}, "seed must be a whole number"),
        (
            {"refine": 5},
            "refine belongs to a model: it is not used with block codes; leave one out",
        ),
        ({"seed": 5}, "seed belongs to a model"),
        ({"qualty": 3}, "unknown setting 'qualty'; allowed are quality, bpp, bytes, psnr, mode"),
    ],
)
def test_other_values_are_named(options, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        EncodeSettings.from_dict(options)


def test_as_dict_is_json_and_equal_for_equal_settings() -> None:
    a = EncodeSettings(bytes=np.int64(500), effort=3).as_dict()
    b = EncodeSettings.from_dict({"bytes": 500.0, "effort": 3}).as_dict()
    assert json.loads(json.dumps(a)) == a == b == {"bytes": 500, "mode": "hybrid", "effort": 3}
    assert EncodeSettings(quality=75).as_dict() == EncodeSettings().as_dict()
    assert EncodeSettings(quality=74).as_dict() != EncodeSettings().as_dict()
    assert json.dumps(EncodeSettings(effort=np.int64(5)).as_dict())
    model = EncodeSettings(model=Path("m.safetensors"), bpp=1, refine=np.int64(3)).as_dict()
    assert json.loads(json.dumps(model)) == model
    assert model == {"bpp": 1, "model": "m.safetensors", "refine": 3, "seed": 0}
    preset = EncodeSettings(preset="neural-collages-baseline").as_dict()
    assert preset == {
        "preset": "neural-collages-baseline",
        "range_size": 8,
        "domain_size": 32,
    }
