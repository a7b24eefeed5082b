import numpy as np
import pytest

from selfsame.codes.registry import KINDS


def _blank(code):
    width, height = code.size
    channels = () if code.system.colors is None else (3,)
    return np.zeros((height, width, *channels), np.float32)


@pytest.fixture
def blank_renderer(monkeypatch):
    """Codes render as black pictures of their own size, at once."""
    monkeypatch.setitem(KINDS, 1, KINDS[1]._replace(render=_blank))
