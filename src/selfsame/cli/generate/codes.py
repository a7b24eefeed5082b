"""What a diffusion makes: codes, and the pictures that they draw."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, get_args

from selfsame.checked import checked
from selfsame.cli.generate.plan import DEFAULT_COUNT, Plan, numbered_files
from selfsame.cli.shared.call import Methods, given_settings
from selfsame.errors import SettingError
from selfsame.family import Scale, checked_drawn_size
from selfsame.priors.diffusion.config import SamplerName, SamplerSettings
from selfsame.run.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from selfsame.io.pictures import Bytes
    from selfsame.priors.diffusion.latent import LatentDiffusion

_OWN = {"ddim": ("eta",), "ddpm": ("variance",), "langevin": ("repeats", "step_size")}

SAMPLERS = Methods({f"--sampler {name}": _OWN.get(name, ()) for name in get_args(SamplerName)})

MOST_COLUMNS = 20
"""Classes up to which each has a column of its own, unless told otherwise."""


def plan(source: str, options: dict[str, Any], progress: Progress) -> Plan:
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
    SAMPLERS.check(f"--sampler {settings.sampler}")
    count = options["count"] or DEFAULT_COUNT
    side = max(1, round(made_by.space.side * checked("scale", options["scale"], Scale)))
    checked_drawn_size((side, side))
    classes = options["label"] or made_by.classes
    known = made_by.labels(classes)
    if settings.guidance != 1 and not classes:
        raise SettingError("--guidance guides to a class: the model was trained without labels")
    if settings.guidance == 1 and settings.interval is not None:
        raise SettingError("--interval is where --guidance acts: give one other than 1")
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
    pictures = _pictures(made_by, count, side, known, settings, files, options, progress)
    columns = options["columns"] or own
    return Plan(made_by.model.name, "samples", side, count, columns, pictures, values)


def _pictures(
    made_by: "LatentDiffusion",
    count: int,
    side: int,
    known: "Tensor",
    settings: SamplerSettings,
    files: list[Any] | None,
    options: dict[str, Any],
    progress: Progress,
) -> Iterator[list["Bytes"]]:
    """Yield the pictures of codes, and write the codes to ``files``.

    Args:
        side: of the pictures.
        known: numbers of the classes, of which sample k has number k modulo how many there are; or
            none.
        progress: of pictures, half of which is making their codes.
    """
    import torch

    from selfsame.codes.store import save
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.diffusion.backbone import UNCONDITIONAL, Condition
    from selfsame.priors.diffusion.generation import GROUP

    space = made_by.space
    scale = Fraction(side, space.side)
    for first in range(0, count, GROUP):
        numbers = range(first, min(first + GROUP, count))
        condition = UNCONDITIONAL
        if len(known):
            condition = Condition(known[[number % len(known) for number in numbers]])
        latents = made_by.sample(
            len(numbers),
            settings,
            condition=condition,
            seed=options["seed"],
            first=first,
            progress=progress.part(first, count, len(numbers) / 2),
        )
        if files is not None:
            for number, code in zip(numbers, space.codes(latents), strict=True):
                save(code, files[number], overwrite=options["overwrite"])
        for row in range(len(numbers)):  # one by one: their memory, and how exact they are
            with torch.no_grad():
                drawn = space.draw(latents.rows(slice(row, row + 1)), scale)
            progress(first + (len(numbers) + row + 1) / 2, count)
            yield to_arrays(drawn.clamp(0, 1))
