"""Data sets of fractals for pre-training, of which every picture can be made by itself.

The names below load on first use: ``import selfsame.datasets.fractals`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.datasets.fractals.make import make_recipe as make_recipe
    from selfsame.datasets.fractals.make import rebuild_recipe as rebuild_recipe
    from selfsame.datasets.fractals.presets import PRESETS as PRESETS
    from selfsame.datasets.fractals.recipe import Recipe as Recipe
    from selfsame.datasets.fractals.split import SPLITS as SPLITS
    from selfsame.datasets.fractals.split import split_of as split_of
    from selfsame.datasets.fractals.torch_data import FractalDataset as FractalDataset
    from selfsame.datasets.fractals.torch_data import FractalStream as FractalStream

_HOME = {
    "FractalDataset": "selfsame.datasets.fractals.torch_data",
    "FractalStream": "selfsame.datasets.fractals.torch_data",
    "PRESETS": "selfsame.datasets.fractals.presets",
    "Recipe": "selfsame.datasets.fractals.recipe",
    "SPLITS": "selfsame.datasets.fractals.split",
    "make_recipe": "selfsame.datasets.fractals.make",
    "rebuild_recipe": "selfsame.datasets.fractals.make",
    "split_of": "selfsame.datasets.fractals.split",
}

__getattr__ = lazy_names(__name__, _HOME)
