import json
import re
from pathlib import Path

import numpy as np
import pytest

from selfsame.codes.settings import EncodeSettings
from selfsame.errors import InputError


def test_quality_75_is_the_default_and_only_without_another_target() -> None:
    assert EncodeSettings().quality == 75
    for name, value in (("quality", 5), ("bpp", 0.5), ("bytes", 900), ("psnr", 30)):
        settings = EncodeSettings(**{name: value})
        assert getattr(settings, name) == value
        assert (settings.quality is None) == (name != "quality")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quality": 0}, "quality must be above 0 and at most 100: got 0"),
        ({"quality": 100.5}, "quality must be"),
        ({"quality": "75"}, "quality must be a number: got '75'"),
        ({"quality": True}, "quality must be a number"),
        ({"quality": float("nan")}, "quality must be above"),
        ({"psnr": 101}, "psnr must be above 0 and at most 100"),
        ({"bpp": -1}, "bpp must be above 0"),
        ({"bpp": float("inf")}, "bpp must be above 0 and finite"),
        ({"bytes": 0}, "bytes must be above 0"),
        ({"bytes": 10.5}, "bytes must be a whole number"),
        ({"quality": 50, "bpp": 1}, "at most one of quality, bpp, bytes, psnr: got quality, bpp"),
        ({"mode": "impure"}, "mode must be hybrid or pure: got 'impure'"),
        ({"effort": 0}, "effort must be a whole number from 1 to 9: got 0"),
        ({"effort": 2.5}, "effort must be"),
        ({"effort": "5"}, "effort must be"),
        ({"preset": "best"}, "preset must be one of neural-collages-baseline"),
        ({"preset": "neural-collages-baseline", "bpp": 1}, "takes no bpp"),
        ({"model": 3}, "model must be collage, collage-aerial, or the path of a model: got 3"),
        (
            {"model": "collage", "mode": "pure"},
            "model collage takes no mode: that is for block codes",
        ),
        ({"model": "collage", "effort": 3}, "model collage takes no effort"),
        ({"model": "m", "preset": "neural-collages-baseline"}, "model m takes no preset"),
        ({"model": "collage", "refine": -1}, "refine must be 0 to 100000: got -1"),
        ({"model": "collage", "refine": 1.5}, "refine must be a whole number: got 1.5"),
        ({"model": "collage", "seed": True}, "seed must be a whole number"),
        ({"refine": 5}, "refine belongs to a model: give model, one of collage, collage-aerial"),
        ({"seed": 5}, "seed belongs to a model"),
        ({"qualty": 3}, "unknown option 'qualty'; allowed are quality, bpp, bytes, psnr, mode"),
    ],
)
def test_other_values_are_named(options, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        EncodeSettings.from_options(options)


def test_as_dict_is_json_and_equal_for_equal_settings() -> None:
    a = EncodeSettings(bytes=np.int64(500), effort=3).as_dict()
    b = EncodeSettings.from_options({"bytes": 500.0, "effort": 3}).as_dict()
    assert json.loads(json.dumps(a)) == a == b == {"bytes": 500, "mode": "hybrid", "effort": 3}
    assert EncodeSettings(quality=75).as_dict() == EncodeSettings().as_dict()
    assert EncodeSettings(quality=74).as_dict() != EncodeSettings().as_dict()
    model = EncodeSettings(model=Path("m.safetensors"), bpp=1, refine=np.int64(3)).as_dict()
    assert json.loads(json.dumps(model)) == model
    assert model == {"bpp": 1, "model": "m.safetensors", "refine": 3, "seed": 0}
    preset = EncodeSettings(preset="neural-collages-baseline").as_dict()
    assert preset == {
        "preset": "neural-collages-baseline",
        "range_size": 8,
        "domain_size": 32,
    }
