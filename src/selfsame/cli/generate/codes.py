"""What a diffusion makes: codes, and the pictures that they draw."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from selfsame.cli.generate.plan import DEFAULT_COUNT, Plan, numbered_files
from selfsame.cli.shared.call import Methods, given_settings
from selfsame.errors import SettingError
from selfsame.priors.conditioning.config import TEXT
from selfsame.priors.diffusion.config import SamplerName, SamplerSettings
from selfsame.run.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from selfsame.io.pictures import Bytes
    from selfsame.priors.diffusion.backbone import Condition
    from selfsame.priors.diffusion.generation import Like
    from selfsame.priors.diffusion.latent import LatentDiffusion

_OWN = {"ddim": ("eta",), "ddpm": ("variance",), "langevin": ("repeats", "step_size")}

SAMPLERS = Methods({f"--sampler {name}": _OWN.get(name, ()) for name in get_args(SamplerName)})
LIKE = Methods({"--like": ("like", "strength", "mask"), "no --like": ()})

MOST_COLUMNS = 20
"""Classes or prompts up to which each has a column of its own, unless told otherwise."""

DEFAULT_STRENGTH = 0.6


class _Asked(NamedTuple):
    """What samples are asked to be: of classes and prompts in turn, and like a picture.

    Attributes:
        made_by: what makes them.
        labels: numbers of the classes, or none.
        texts: pieces of the prompts, (P, L), or none.
        like: a picture's latents, once; None: nothing but noise to begin with.
    """

    made_by: "LatentDiffusion"
    labels: "Tensor"
    texts: "Tensor"
    like: "Like | None"

    def condition(self, numbers: range) -> "Condition":
        """Return what samples are made for, by number."""
        model = self.made_by.model
        labels = self.labels[[k % len(self.labels) for k in numbers]] if len(self.labels) else None
        given = {}
        if len(self.texts):
            given[TEXT] = self.texts[[k % len(self.texts) for k in numbers]].to(model.mean.device)
        return model.condition(labels, given)

    def likes(self, numbers: range) -> "Like | None":
        """Return what samples are to be like."""
        if self.like is None:
            return None
        values, kept = self.like.values, self.like.kept
        return self.like._replace(
            values=values.expand(len(numbers), -1, -1),
            kept=None if kept is None else kept.expand(len(numbers), -1),
        )


def plan(source: str, options: dict[str, Any], progress: Progress) -> Plan:
    """Return what a diffusion is to make.

    Raises:
        InputError: as ``LatentDiffusion.from_pretrained``, a class that it does not know, a prompt
            that it does not read, or guidance where there is nothing to be guided to.
    """
    from selfsame.io.grids import grid_columns
    from selfsame.priors.diffusion.latent import LatentDiffusion
    from selfsame.run.device import resolve_device

    made_by = LatentDiffusion.from_pretrained(source)
    made_by.model.to(resolve_device(options["device"]))
    settings = SamplerSettings(**given_settings(SamplerSettings, options))
    SAMPLERS.check(f"--sampler {settings.sampler}")
    count = options["count"] or DEFAULT_COUNT
    side = made_by.drawn_side(options["scale"])
    prompts = options["prompt"]
    classes = options["label"] or (() if prompts else made_by.classes)
    asked = _Asked(
        made_by, made_by.labels(classes), made_by.texts(prompts), _like(made_by, options)
    )
    if settings.guidance != 1 and not (classes or prompts):
        known = "labels" if made_by.model.config.text is None else "labels: give it a --prompt"
        raise SettingError(f"--guidance guides to a class: the model was trained without {known}")
    if settings.guidance == 1 and settings.interval is not None:
        raise SettingError("--interval is where --guidance acts: give one other than 1")
    kinds = len(prompts) or len(classes)
    own = kinds if 1 < kinds <= MOST_COLUMNS else grid_columns(count)
    values = {
        "labels": list(classes),
        "prompts": list(prompts),
        **{name: getattr(settings, name) for name in ("sampler", "steps", "guidance")},
    }
    files = None
    if options["codes"] is not None:
        files = numbered_files(
            options["codes"], count, ".ssm", "--codes", overwrite=options["overwrite"]
        )
        values["codes"] = files
    pictures = _pictures(asked, count, side, settings, files, options, progress)
    columns = options["columns"] or own
    return Plan(made_by.model.name, "samples", side, count, columns, pictures, values)


def _like(made_by: "LatentDiffusion", options: dict[str, Any]) -> "Like | None":
    """Return what samples are to be like, of one picture.

    Raises:
        InputError: a picture that cannot be read.
        click.UsageError: a strength or a mask, and no picture.
    """

    from selfsame.latents.pictures import picture_latents, token_mask
    from selfsame.priors.diffusion.generation import Like

    LIKE.check("no --like" if options["like"] is None else "--like")
    if options["like"] is None:
        return None
    values = picture_latents(made_by.space, options["like"])
    mask, strength = options["mask"], options["strength"]
    if strength is None:
        strength = DEFAULT_STRENGTH if mask is None else 1.0
    kept = None if mask is None else ~token_mask(made_by.space, mask)
    return Like(values, strength, kept)


def _pictures(
    asked: _Asked,
    count: int,
    side: int,
    settings: SamplerSettings,
    files: list[Any] | None,
    options: dict[str, Any],
    progress: Progress,
) -> Iterator[list["Bytes"]]:
    """Yield the pictures of codes, and write the codes to ``files``.

    Args:
        side: of the pictures.
        progress: of pictures, half of which is making their codes.
    """
    import torch

    from selfsame.codes.store import save
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.diffusion.generation import GROUP

    made_by, space = asked.made_by, asked.made_by.space
    scale = Fraction(side, space.side)
    for first in range(0, count, GROUP):
        numbers = range(first, min(first + GROUP, count))
        latents = made_by.sample(
            len(numbers),
            settings,
            condition=asked.condition(numbers),
            like=asked.likes(numbers),
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
