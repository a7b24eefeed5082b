"""Data sets of fractals for pre-training, of which every picture can be made by itself.

The names below load on first use: ``import selfsame.fractals`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.fractals.loading.torch_data import FractalDataset as FractalDataset
    from selfsame.fractals.loading.torch_data import FractalStream as FractalStream
    from selfsame.fractals.recipes.base import Recipe as Recipe
    from selfsame.fractals.recipes.make import make_recipe as make_recipe
    from selfsame.fractals.recipes.make import rebuild_recipe as rebuild_recipe
    from selfsame.fractals.recipes.presets import PRESETS as PRESETS
    from selfsame.fractals.split import SPLITS as SPLITS
    from selfsame.fractals.split import split_of as split_of

_HOME = {
    "FractalDataset": "selfsame.fractals.loading.torch_data",
    "FractalStream": "selfsame.fractals.loading.torch_data",
    "PRESETS": "selfsame.fractals.recipes.presets",
    "Recipe": "selfsame.fractals.recipes.base",
    "SPLITS": "selfsame.fractals.split",
    "make_recipe": "selfsame.fractals.recipes.make",
    "rebuild_recipe": "selfsame.fractals.recipes.make",
    "split_of": "selfsame.fractals.split",
}

__getattr__ = lazy_names(__name__, _HOME)
