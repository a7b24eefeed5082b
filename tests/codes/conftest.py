import numpy as np
import pytest

from selfsame.codes.registry import family_named


def _blank(code, view, run):
    width, height = code.size
    return np.zeros((height, width) if code.channels == 1 else (height, width, 3), np.float32)


@pytest.fixture
def blank_renderer(monkeypatch):
    """Codes render as black pictures of their own size, at once."""
    monkeypatch.setattr(family_named("ifs"), "render", _blank)
