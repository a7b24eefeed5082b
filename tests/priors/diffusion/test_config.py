import subprocess
import sys

import pytest

from selfsame.errors import SettingError
from selfsame.priors.diffusion.config import (
    ClassifierConfig,
    DiffusionConfig,
    DiffusionObjective,
    SamplerSettings,
)


def test_settings_come_back_from_json() -> None:
    config = DiffusionConfig(tokens=6, grid=(2, 3), classes=2, class_names=("a", "b"))
    assert DiffusionConfig(**config.as_dict()) == config
    settings = SamplerSettings(interval=(0.2, 3.0))
    assert SamplerSettings.from_dict(settings.as_dict()) == settings
    assert ClassifierConfig().classes == 2


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (DiffusionConfig, {"grid": (3, 4)}, "got 3 by 4 for 16"),
        (DiffusionConfig, {"patch": 2}, "got 2 for a set"),
        (DiffusionConfig, {"patch": 3, "grid": (2, 8)}, "got 3 for 2 by 8"),
        (DiffusionConfig, {"heads": 5}, "heads must divide the width: got 5 for a width of 192"),
        (DiffusionConfig, {"classes": 2, "class_names": ("a",)}, "got 1 for 2"),
        (DiffusionConfig, {"zero_terminal": True}, "linear, cosine: got 'flow'"),
        (DiffusionConfig, {"prediction": "epsilon"}, "'epsilon' says nothing of the data"),
        (
            DiffusionConfig,
            {"prediction": "score", "schedule": "cosine", "zero_terminal": True},
            "take x0, v, edm or velocity",
        ),
        (DiffusionConfig, {"schedule": "square"}, "schedule must be one of linear, cosine"),
        (DiffusionConfig, {"tokens": 0}, "tokens must be a whole number within 1..4096: got 0"),
        (ClassifierConfig, {"classes": 1}, "classes must be a whole number within 2"),
        (DiffusionObjective, {"drop": 1.5}, "drop must be a number within 0..1: got 1.5"),
        (SamplerSettings, {"interval": (2, 1)}, "interval must rise: got 2 to 1"),
        (SamplerSettings, {"steps": 0}, "steps must be"),
    ],
)
def test_odd_settings_are_refused(kind, options, text) -> None:
    with pytest.raises(SettingError, match=text):
        kind(**options)


def test_settings_are_read_without_torch() -> None:
    code = (
        "import sys, selfsame.priors.diffusion.config as c; c.DiffusionConfig(); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
