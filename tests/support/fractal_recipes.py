"""Small recipes of every preset."""

from functools import cache

from selfsame.fractals import Recipe, make_recipe
from selfsame.ifs.samples.library import classic

OPTIONS = {
    "fractaldb": {"classes": 2, "instances": 60, "rate": 0.05},
    "anderson-farrell": {"classes": 3, "instances": 5},
    "multifractal": {"classes": 4, "instances": 6},
    "1p": {"classes": 3, "instances": 2},
    "custom": {"codes": [classic("barnsley-fern"), classic("koch-curve")], "instances": 6},
}


@cache
def small(name: str, **changes) -> Recipe:
    return make_recipe(name, **{"side": 32, "points": 3000, "seed": 5, **OPTIONS[name], **changes})
