"""What a diffusion makes: codes, and the pictures that they draw."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from selfsame.cli.generate.plan import DEFAULT_COUNT, Plan, numbered_files
from selfsame.cli.shared.call import given_settings
from selfsame.errors import SettingError
from selfsame.family import View, checked_drawn_size
from selfsame.priors.diffusion.config import SamplerSettings

if TYPE_CHECKING:
    from selfsame.io.pictures import Bytes
    from selfsame.priors.diffusion.latent import LatentDiffusion

MOST_COLUMNS = 20
"""Classes up to which each has a column of its own, unless told otherwise."""


def plan(source: str, options: dict[str, Any]) -> Plan:
    """Return what a diffusion is to make.

    Raises:
        InputError: as ``LatentDiffusion.from_pretrained``, a class that it does not know, or
            guidance where there is nothing to be guided to.
    """
    from selfsame.io.grids import grid_columns
    from selfsame.priors.diffusion.latent import LatentDiffusion
    from selfsame.run.device import resolve_device

    made_by = LatentDiffusion.from_pretrained(source)
    made_by.model.to(resolve_device(options["device"]))
    settings = SamplerSettings(**given_settings(SamplerSettings, options))
    count = options["count"] or DEFAULT_COUNT
    side = max(1, round(made_by.space.side * options["scale"]))
    checked_drawn_size((side, side))
    classes = options["label"] or made_by.classes
    if settings.guidance != 1 and not classes:
        raise SettingError("--guidance guides to a class: the model was trained without labels")
    own = len(classes) if 1 < len(classes) <= MOST_COLUMNS else grid_columns(count)
    values = {
        "labels": list(classes),
        **{name: getattr(settings, name) for name in ("sampler", "steps", "guidance")},
    }
    files = None
    if options["codes"] is not None:
        files = numbered_files(
            options["codes"], count, ".ssm", "--codes", overwrite=options["overwrite"]
        )
        values["codes"] = files
    pictures = _pictures(made_by, count, classes, settings, files, options)
    columns = options["columns"] or own
    return Plan(made_by.model.name, "samples", side, count, columns, pictures, values)


def _pictures(
    made_by: "LatentDiffusion",
    count: int,
    classes: tuple[str, ...],
    settings: SamplerSettings,
    files: list[Any] | None,
    options: dict[str, Any],
) -> Iterator[list["Bytes"]]:
    """Yield the pictures of codes, a few at a time, and write the codes to ``files``.

    Sample k is of class k modulo their number.
    """
    from selfsame.codes.render import draw_bytes
    from selfsame.codes.store import save
    from selfsame.family import Run
    from selfsame.priors.diffusion.backbone import UNCONDITIONAL, Condition
    from selfsame.priors.diffusion.generation import GROUP

    known = made_by.labels(classes)
    view, run = View(scale=options["scale"]), Run(options["threads"], options["device"])
    for first in range(0, count, GROUP):
        numbers = range(first, min(first + GROUP, count))
        condition = UNCONDITIONAL
        if len(known):
            condition = Condition(known[[number % len(known) for number in numbers]])
        latents = made_by.sample(
            len(numbers), settings, condition=condition, seed=options["seed"], first=first
        )
        codes = made_by.space.codes(latents)
        for number, code in zip(numbers, codes, strict=True):
            if files is not None:
                save(code, files[number], overwrite=options["overwrite"])
            yield [draw_bytes(code, view, run)]
