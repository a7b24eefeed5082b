"""Learning a set of fractals from a set of pictures."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from selfsame.codes.store import save
from selfsame.datasets import Pictures
from selfsame.datasets.batches import PictureBatches
from selfsame.datasets.fitting import Binarise
from selfsame.errors import SettingError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.fit.config import PAPER_SIZE
from selfsame.io.files import make_folder, write_bytes
from selfsame.io.grids import grid
from selfsame.io.pictures import to_arrays, write_picture
from selfsame.lab.sets.config import TRAINING, FractalSetConfig, SetObjective
from selfsame.lab.sets.losses import Adversary, SetLoss, make_set_loss
from selfsame.lab.sets.model import FractalSet
from selfsame.run.progress import Progress
from selfsame.training import TrainResult, TrainSettings, train
from selfsame.training.task import Loss, ParameterGroup, TaskBase

CODES_NAME = "codes"
CARD_NAME = "card.json"
_CODE_NAME = re.compile(r"\d{5,}\.ssm")
_SHEET_GAP = 2
_FRACTALS, _CRITIC = "fractals", "critic"


class SetTask(TaskBase):
    """A set of fractals that is to look like a set of pictures, for ``selfsame.training.train``.

    Attributes:
        model: the fractals, and the loss where it is a module.
        fractals: the set.

    Args:
        config: what the set is.
        loss: fakes (K, 1, S, S) and reals (M, 1, S, S) to a scalar, or an adversary.
        seed: of the start and the noise on the parameters.
    """

    def __init__(self, config: FractalSetConfig, loss: SetLoss, *, seed: int = 0) -> None:
        self.fractals = FractalSet(config, seed=seed)
        parts: dict[str, nn.Module] = {"fractals": self.fractals}
        if isinstance(loss, nn.Module):
            parts["loss"] = loss
        self.model = nn.ModuleDict(parts)
        self._loss, self._seed = loss, seed

    def begin_step(self, step: int) -> None:
        """Keep the maps contractive, and add what noise is due."""
        config = self.fractals.config
        self.fractals.bound()
        if config.noise > 0 and step < config.noise_steps and (step + 1) % config.noise_every == 0:
            # Of seed and step, not of the process: all of them must go on with the same weights.
            entropy = np.random.SeedSequence([self._seed, step]).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(entropy[0] >> 1))
            self.fractals.add_noise(config.noise, generator)

    def losses(self, batch: Tensor, step: int, generator: torch.Generator) -> Iterator[Loss]:
        """Yield the loss of the set against real pictures, (M, 1, S, S), and an adversary's.

        Both are of the same pictures, and of weights from before the step.
        """
        config, chosen = self.fractals.config, None
        if config.drawn is not None and config.drawn < config.fractals:
            order = torch.randperm(config.fractals, generator=generator, device=generator.device)
            chosen = order[: config.drawn]
        fakes = self.fractals(generator, chosen)
        if not isinstance(self._loss, Adversary):
            yield Loss(_FRACTALS, self._loss(fakes, batch))
            return
        of_fakes, of_critic, measures = self._loss.losses(fakes, batch)
        yield Loss(_FRACTALS, of_fakes)
        yield Loss(_CRITIC, of_critic, measures)

    def optimizers(self) -> dict[str, list[ParameterGroup]]:
        """Return the fractals, and the parameters of an adversary."""
        groups = {_FRACTALS: [ParameterGroup(list(self.fractals.parameters()))]}
        if isinstance(self._loss, Adversary):
            critic = ParameterGroup(list(self._loss.parameters()), self._loss.lr_multiplier)
            groups[_CRITIC] = [critic]
        return groups

    def export(self, path: str | Path, card: Mapping[str, Any] | None = None) -> None:
        """Write the set to a folder: codes, a picture of all of them beside it, and a card."""
        save_set(self.fractals, Path(path), card, seed=self._seed)


@dataclass(frozen=True)
class LearnedFractals:
    """A set that was learned.

    Attributes:
        codes: of the fractals, with the window that they were learned in.
        training: how it went.
    """

    codes: list[IFSCode]
    training: TrainResult


def learn_fractals(
    pictures: Pictures,
    folder: str | Path,
    *,
    loss: SetLoss | SetObjective | None = None,
    config: FractalSetConfig | None = None,
    settings: TrainSettings | None = None,
    binarise: Binarise = "none",
    resume: bool = True,
    progress: Progress | None = None,
    stop_after: int | None = None,
) -> LearnedFractals:
    """Return fractals that were learned to look, as a set, like pictures.

    A second call with the same arguments goes on where the first one was stopped.

    Args:
        pictures: grey and square; black is added around them up to ``config.side``.
        folder: gets ``codes``, ``codes.png``, the checkpoints and the log of the training.
        loss: what tells the sets apart, see ``selfsame.lab.sets.losses``; None: a
            discriminator, as in the paper.
        config: what the set is; None: the paper's, or larger where the pictures are.
        settings: of the training; None: ``selfsame.lab.sets.config.TRAINING``.
        binarise: of the pictures, see ``selfsame.datasets.batches.PictureBatches``.
        resume, progress, stop_after: as of ``selfsame.training.train``.
    Raises:
        InputError: pictures that do not fit, or as ``selfsame.training.train``.
    Source: Tu et al. 2023, Learning Fractals by Gradient Descent.
    """
    settings = settings or TRAINING
    config = config or FractalSetConfig(side=padded_side(pictures.images.shape[1]))
    if loss is None:
        loss = SetObjective()
    objective = loss if isinstance(loss, SetObjective) else None
    batches = set_batches(pictures, config, settings.batch, binarise)
    task = make_task(config, objective or cast(SetLoss, loss), seed=settings.seed)
    place = Path(folder)
    result = train(
        task,
        batches,
        settings,
        place,
        config={"model": config, "objective": objective, "pictures": batches.fingerprint},
        resume=resume,
        progress=progress,
        stop_after=stop_after,
    )
    task.export(place / CODES_NAME, {"steps": result.step})
    return LearnedFractals(task.fractals.codes(), result)


def make_task(config: FractalSetConfig, loss: SetObjective | SetLoss, *, seed: int) -> SetTask:
    """Return the task of learning a set.

    Args:
        seed: of the fractals' start, the noise on them, and the weights of a discriminator.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        chosen = make_set_loss(loss, config.side) if isinstance(loss, SetObjective) else loss
    return SetTask(config, chosen, seed=seed)


def set_batches(
    pictures: Pictures, config: FractalSetConfig, batch: int, binarise: Binarise = "none"
) -> PictureBatches:
    """Return batches of real pictures, with black around them up to the side of the set's.

    Raises:
        InputError: pictures in colour, not square, or whose side does not fit.
    """
    height, width, channels = pictures.images.shape[1:]
    border = config.side - width
    if channels != 1 or height != width or border < 0 or border % 2:
        raise SettingError(
            f"a set of fractals of {config.side}x{config.side} pixels learns from grey squares "
            f"with as much black on either side: got {width}x{height} pixels in "
            f"{'grey' if channels == 1 else 'colour'}; read them with a side and mode 'grey', or "
            f"give the set a side of {padded_side(width)}"
        )
    return PictureBatches(pictures, batch, binarise=binarise, pad=border // 2)


def padded_side(side: int) -> int:
    """Return the side of a set that learns pictures of ``side`` pixels: the paper's, or theirs."""
    return side + 2 * max(0, -(-(PAPER_SIZE - side) // 2))


def save_set(
    fractals: FractalSet, folder: Path, card: Mapping[str, Any] | None, *, seed: int
) -> None:
    """Write a set to a folder: a code each, a card, and beside it a picture of all of them.

    Codes of another set that the folder holds are removed. Everything follows from the set and
    ``seed``, which the points of the picture are drawn with.

    Raises:
        InputError: the folder cannot be made.
    """
    make_folder(folder, "a set of fractals needs a folder")
    codes = fractals.codes()
    names = [f"{i:05d}.ssm" for i in range(len(codes))]
    for place in folder.iterdir():
        if _CODE_NAME.fullmatch(place.name) and place.name not in names:
            place.unlink()
    for name, code in zip(names, codes, strict=True):
        save(code, folder / name)
    write_bytes(folder / CARD_NAME, (json.dumps(dict(card or {}), indent=1) + "\n").encode())
    with torch.no_grad():
        pictures = to_arrays(fractals(torch.Generator(fractals.twist.device).manual_seed(seed)))
    columns = math.ceil(math.sqrt(len(pictures)))
    write_picture(folder.with_suffix(".png"), grid(pictures, columns, gap=_SHEET_GAP))
