from .files.layout import SPLITS as SPLITS
from .files.layout import split_of as split_of
from .loading.torch_data import FractalDataset as FractalDataset
from .loading.torch_data import FractalStream as FractalStream
from .recipes.base import Recipe as Recipe
from .recipes.make import make_recipe as make_recipe
from .recipes.make import rebuild_recipe as rebuild_recipe
from .recipes.presets import PRESETS as PRESETS
