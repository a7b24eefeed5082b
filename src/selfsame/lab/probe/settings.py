"""What an experiment of pre-training and probing is, checked before the work."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from selfsame.checked import Checked, Range, Seed, jsonable
from selfsame.errors import SettingError
from selfsame.lab.networks.names import NetworkName
from selfsame.run.progress import Progress
from selfsame.training.settings import TrainSettings

if TYPE_CHECKING:
    from selfsame.fractals import Recipe

NONE = "none"
"""Instead of fractals: the random weights that training starts from."""

Count = Annotated[int, Range(1)]

CLASSES = 100

PRETRAINING = TrainSettings(
    steps=5000, batch=64, lr=1e-3, warmup_steps=100, ema_decay=0.0, checkpoint_every=500
)
FINETUNING = replace(PRETRAINING, steps=2000, validate_every=500)


@dataclass(frozen=True)
class ProbeSettings(Checked):
    """What is learned from, by which network, and how it is measured.

    Attributes:
        fractals: what to learn first: fractaldb, anderson-farrell, multifractal, 1p, or a folder of
            codes; none: nothing, the weights stay random.
        classes: of fractals. None: 100, or one for each code.
        instances: of each class. None: the data set's.
        options: further ones of that data set. ``points`` is as many per pixel as the preset has
            at its own side.
        network: what learns.
        weights: of a network that this command wrote, its folder seed-S/network, to evaluate
            instead of training one.
        pretraining, finetuning: settings of both; each seed takes the place of theirs.
        every: evaluate before the pre-training and every so many steps of it too; 0: after it only.
        evaluate: linear: logistic regression on frozen features; finetune: all weights learn on.
        shots: labelled pictures of each class. None: all.
        limit: labelled pictures at most. None: all.
        draws: random choices of the labelled pictures, for each seed.
        seeds: how many, each with fractals, weights and draws of its own.
        seed: the first of them.
        threads: that draw fractals. None: all cores.
    Raises:
        InputError: values out of their range, or that do not go together.
    """

    fractals: str = "fractaldb"
    classes: Count | None = None
    instances: Count | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    network: NetworkName = "lenet"
    weights: str | None = None
    pretraining: TrainSettings = PRETRAINING
    finetuning: TrainSettings = FINETUNING
    every: Annotated[int, Range(0)] = 0
    evaluate: Literal["linear", "finetune"] = "linear"
    shots: Count | None = None
    limit: Count | None = None
    draws: Count = 1
    seeds: Count = 3
    seed: Seed = 0
    threads: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every and not self.trains:
            raise SettingError("every belongs to a pre-training: give fractals and no weights")

    @property
    def trains(self) -> bool:
        """Whether there is a pre-training."""
        return self.weights is None and self.fractals != NONE

    @property
    def takes_codes(self) -> bool:
        """Whether the fractals are those of a folder of codes."""
        from selfsame.fractals import PRESETS

        return self.trains and (self.fractals not in PRESETS or self.fractals == "custom")

    def milestones(self) -> list[int]:
        """Return after how many steps of the pre-training the network is evaluated."""
        if not self.trains:
            return [0]
        steps = self.pretraining.steps
        return [*(range(0, steps, self.every) if self.every else ()), steps]

    def recipe(self, side: int, seed: int, progress: Progress | None = None) -> "Recipe":
        """Return the data set of fractals that one seed learns, of pictures of a side.

        Args:
            progress: of classes.
        Raises:
            InputError: no such data set, or options that it does not have.
        """
        from selfsame.fractals import PRESETS, make_recipe

        name, options, classes = self.fractals, dict(self.options), self.classes
        if not self.takes_codes:
            classes = CLASSES if classes is None else classes
        else:
            names = [preset for preset in PRESETS if preset != "custom"]
            if not Path(name).exists():
                raise SettingError(
                    f"no fractals {name!r}: give one of {', '.join(names)}, a folder of codes, or "
                    f"{NONE}"
                )
            name, options["codes"] = "custom", name
        if "points" not in options:
            preset = PRESETS[name]
            density = preset.options["points"] / preset.side**2
            options["points"] = max(1, round(density * side**2))
        return make_recipe(
            name,
            classes=classes,
            instances=self.instances,
            side=side,
            seed=seed,
            threads=self.threads,
            progress=progress,
            **options,
        )

    def identity(self) -> dict[str, Any]:
        """Return what results depend on but the number of seeds, ready for JSON."""
        tables: dict[str, Any] = {
            "evaluate": self.evaluate,
            "seed": self.seed,
            "draws": self.draws,
            "shots": self.shots,
            "limit": self.limit,
        }
        if self.weights is None:
            tables |= {"network": self.network, "fractals": self.fractals}
        if self.trains:
            tables |= {
                "classes": self.classes,
                "instances": self.instances,
                "options": jsonable(dict(sorted(self.options.items()))),
                "every": self.every,
                "pretraining": _training(self.pretraining),
            }
        if self.evaluate == "finetune":
            tables["finetuning"] = _training(self.finetuning)
        return tables


def _training(settings: TrainSettings) -> dict[str, Any]:
    return {name: value for name, value in settings.identity().items() if name != "seed"}
