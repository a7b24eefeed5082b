"""The data sets of fractals by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selfsame.datasets.fractals.recipe import Recipe
from selfsame.errors import InputError


@dataclass(frozen=True)
class Preset:
    """What a named data set is.

    Attributes:
        description: one line.
        source: the paper.
        classes, instances, side: defaults.
        options: further options and their defaults.
    """

    description: str
    source: str
    classes: int | None
    instances: int
    side: int
    options: dict[str, Any]


PRESETS = {
    "fractaldb": Preset(
        "categories by filling rate; 25 variations, 4 flips and 10 patches of each",
        'Kataoka et al. 2020, "Pre-training without Natural Images"',
        classes=1000,
        instances=1000,
        side=256,
        options={"points": 100_000, "color": False, "rate": 0.2},
    ),
}


def make_recipe(
    name: str,
    *,
    classes: int | None = None,
    instances: int | None = None,
    side: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> Recipe:
    """Return the recipe of a named data set.

    Args:
        name: of ``PRESETS``, where the defaults of all other arguments are.
        classes, instances, side: of the data set.
        seed: 0 .. 2^63 - 1.
        threads: for the search of classes, and later for pictures; None takes all cores.
        progress: called with the number of classes found since the last call.
    Raises:
        InputError: an unknown name or option, or a value that is out of its range.
    """
    preset = _preset(name)
    unknown = sorted(set(options) - set(preset.options))
    if unknown:
        known = ", ".join(preset.options) or "none"
        raise InputError(f"{name} has no option {', '.join(unknown)}: it has {known}")
    values = {
        "classes": preset.classes if classes is None else classes,
        "instances": preset.instances if instances is None else instances,
        "side": preset.side if side is None else side,
        "seed": seed,
        "threads": threads,
        "progress": progress,
        **preset.options,
        **options,
    }
    from selfsame.datasets.fractals.fractaldb import make_fractaldb

    return make_fractaldb(**values)


def _preset(name: str) -> Preset:
    if name not in PRESETS:
        raise InputError(f"no data set {name!r}: there are {', '.join(PRESETS)}")
    return PRESETS[name]
