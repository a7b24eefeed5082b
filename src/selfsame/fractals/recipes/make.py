"""Recipes of the data sets by name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import checked
from selfsame.errors import InputError, SettingError
from selfsame.fractals.recipes.anderson_farrell import AndersonFarrell, MultiFractal
from selfsame.fractals.recipes.base import VERSION, Classes, Recipe
from selfsame.fractals.recipes.custom import Custom, read_codes
from selfsame.fractals.recipes.fractaldb import FractalDB
from selfsame.fractals.recipes.perturbation import OneParameter
from selfsame.fractals.recipes.presets import find_preset
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.progress import Progress

_KINDS: dict[str, type[Recipe]] = {
    kind.name: kind for kind in (FractalDB, AndersonFarrell, MultiFractal, OneParameter, Custom)
}


def make_recipe(
    name: str,
    *,
    classes: int | None = None,
    instances: int | None = None,
    side: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Recipe:
    """Return the recipe of a named data set.

    Args:
        name: of ``PRESETS``, where the defaults of all other arguments are.
        classes, instances, side: of the data set.
        seed: 0 .. 2^63 - 1.
        threads: for the search of classes, and later for pictures; None takes all cores.
        progress: of classes.
    Raises:
        InputError: an unknown name or option, or a value that is out of its range.
    """
    preset = find_preset(name)
    unknown = sorted(set(options) - set(preset.options))
    if unknown:
        raise SettingError(
            f"{name} has no option {', '.join(unknown)}: it has {', '.join(preset.options)}"
        )
    values = {
        "classes": preset.classes if classes is None else classes,
        "instances": preset.instances if instances is None else instances,
        "side": preset.side if side is None else side,
        "seed": seed,
        "threads": threads,
        **preset.options,
        **options,
    }
    if "codes" in values:
        systems = read_codes(values.pop("codes"), classes, values["window"])
        values["classes"] = len(systems.counts)
    else:
        values["classes"] = checked("classes", values["classes"], Classes)
        systems = _unknown_systems(values["classes"])
    draft = _KINDS[name](systems=systems, **values)  # checks all before the search
    return replace(draft, systems=draft.find_systems(progress))


def rebuild_recipe(
    identity: Mapping[str, Any],
    parameters: Mapping[str, NDArray[Any]],
    *,
    threads: int | None = None,
) -> Recipe:
    """Return the recipe of an identity, without the search for its classes.

    Args:
        identity: of ``Recipe.identity``, perhaps by way of JSON.
        parameters: of ``Recipe.class_parameters``.
        threads: as in ``make_recipe``.
    Raises:
        InputError: an identity of another version, or one that these parameters do not make.
    """
    try:
        version = identity["version"]
        name = identity["recipe"]
        preset = find_preset(name)
        numbers = {key: identity[key] for key in ("classes", "instances", "side", "seed")}
        options = dict(identity["options"])
        systems = SystemArrays(
            matrices=np.asarray(parameters["matrices"], np.float64),
            offsets=np.asarray(parameters["offsets"], np.float64),
            probabilities=np.asarray(parameters["probabilities"], np.float64),
            counts=np.asarray(parameters["counts"], np.int64),
        )
    except KeyError as error:
        raise InputError(f"the identity or its parameters lack {error}") from error
    if version != VERSION:
        raise InputError(
            f"the data set is of version {version} of the recipes, and this is {VERSION}: "
            "use the release that made it"
        )
    wanted = set(preset.options) - {"codes"}
    if set(options) != wanted:
        raise InputError(f"the identity must have the options {sorted(wanted)}: {sorted(options)}")
    recipe = _KINDS[name](systems=systems, threads=threads, **numbers, **options)
    if recipe.identity() != {**identity}:
        raise InputError("these parameters of classes are not those of the identity")
    return recipe


def _unknown_systems(classes: int) -> SystemArrays:
    """Return the shapes of systems that are still to be found, without memory for them."""
    return SystemArrays(
        np.broadcast_to(0.0, (classes, 1, 2, 2)),
        np.broadcast_to(0.0, (classes, 1, 2)),
        np.broadcast_to(1.0, (classes, 1)),
        np.broadcast_to(np.int64(1), (classes,)),
    )
