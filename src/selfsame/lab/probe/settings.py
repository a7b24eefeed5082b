"""What an experiment of pre-training and probing is, checked before the work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfsame.errors import InputError
from selfsame.training.settings import TrainSettings

if TYPE_CHECKING:
    from selfsame.fractals import Recipe

NONE = "none"
"""Instead of fractals: the random weights that training starts from."""

EVALUATIONS = ("linear", "finetune")
CLASSES = 100

PRETRAINING = TrainSettings(
    steps=5000, batch=64, lr=1e-3, warmup_steps=100, ema_decay=0.0, checkpoint_every=500
)
FINETUNING = replace(PRETRAINING, steps=2000, validate_every=500)


@dataclass(frozen=True)
class ProbeSettings:
    """What is learned from, by which network, and how it is measured.

    Attributes:
        fractals: a data set of ``selfsame.fractals.PRESETS``, a folder of codes, or
            ``none``.
        classes, instances: of that data set; None: 100 classes, or one for each code, and the
            instances of the preset.
        options: further ones of that data set. ``points`` is as many per pixel as the preset has
            at its own side.
        network: of ``selfsame.lab.networks.architectures.NETWORKS``.
        weights: a trained network to take instead of training one, as ``Network.from_pretrained``
            takes it.
        pretraining, finetuning: settings of both; each seed takes the place of theirs.
        every: evaluate before the first step and every so many; 0: after the last one only.
        evaluate: ``linear`` or ``finetune``.
        shots: labelled pictures of each class; None: all.
        limit: labelled pictures at most; None: all.
        draws: of the labelled pictures, for each seed.
        seeds: how many; the first is ``seed``. Each has fractals, weights and draws of its own.
        threads: that draw fractals; None: all cores.
    Raises:
        InputError: values out of their range, or that do not go together.
    """

    fractals: str = "fractaldb"
    classes: int | None = None
    instances: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    network: str = "lenet"
    weights: str | Path | None = None
    pretraining: TrainSettings = PRETRAINING
    finetuning: TrainSettings = FINETUNING
    every: int = 0
    evaluate: str = "linear"
    shots: int | None = None
    limit: int | None = None
    draws: int = 1
    seeds: int = 3
    seed: int = 0
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.evaluate not in EVALUATIONS:
            raise InputError(
                f"evaluate must be one of {', '.join(EVALUATIONS)}: got {self.evaluate!r}"
            )
        for name, least in (("every", 0), ("draws", 1), ("seeds", 1), ("seed", 0)):
            _check_whole(name, getattr(self, name), least)
        for name in ("shots", "limit", "classes", "instances"):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name), 1)
        if self.every and not self.trains:
            raise InputError("every belongs to a pre-training: give fractals and no weights")

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

    def recipe(
        self, side: int, seed: int, progress: Callable[[int], None] | None = None
    ) -> "Recipe":
        """Return the data set of fractals that one seed learns, of pictures of a side.

        Args:
            progress: called with the number of classes found since the last call.
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
                raise InputError(
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
                "options": {key: _plain(value) for key, value in sorted(self.options.items())},
                "every": self.every,
                "pretraining": _training(self.pretraining),
            }
        if self.evaluate == "finetune":
            tables["finetuning"] = _training(self.finetuning)
        return tables


def _training(settings: TrainSettings) -> dict[str, Any]:
    return {name: value for name, value in settings.identity().items() if name != "seed"}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be a whole number from {least}: got {value!r}")
