"""One seed of an experiment: its pre-training, and the evaluations on the way."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from selfsame.datasets import Pictures
from selfsame.datasets.labelled import LabelledSet, Mask, label_array
from selfsame.errors import InputError
from selfsame.fractals import Recipe
from selfsame.io.files import make_folder
from selfsame.lab.networks.architectures import Network, make_network
from selfsame.lab.probe.classification import ClassificationTask, FractalBatches
from selfsame.lab.probe.finetune import finetune
from selfsame.lab.probe.probes import Evaluation, evaluate_features, features_of
from selfsame.lab.probe.settings import ProbeSettings
from selfsame.run.device import resolve_device
from selfsame.run.ledger import Ledger, Row
from selfsame.run.progress import Progress
from selfsame.training.checkpoint import checkpoints, remove_checkpoints
from selfsame.training.loop import CHECKPOINTS, TrainResult, train
from selfsame.version import __version__

NETWORK_NAME = "network"


class Interrupted(Exception):  # noqa: N818
    """A signal ended a training; the same call goes on.

    Attributes:
        signal: ``SIGTERM`` or ``SIGINT``.
    """

    def __init__(self, signal: str) -> None:
        super().__init__(f"stopped by {signal}; the same command goes on")
        self.signal = signal


@dataclass(frozen=True)
class SeedRun:
    """The work of one seed in a folder of its own; arguments as of ``run_experiment``."""

    data: LabelledSet
    settings: ProbeSettings
    folder: Path
    seed: int
    progress: Progress
    note: Callable[[str], None]

    def prepare(self) -> None:
        """Find the fractals, make the network and split the pictures, where that is possible.

        Raises:
            InputError: it is not.
        """
        self._masks(0)
        _ = self._network

    def run(self, ledger: Ledger) -> list[Row]:
        """Do what the ledger lacks; return all evaluations, by step and draw."""
        make_folder(self.folder, "a seed needs a folder")
        milestones, draws = self.settings.milestones(), range(self.settings.draws)
        rows: dict[tuple[int, int], Row] = {}
        reached = 0
        for step in milestones:
            for draw in draws:
                row = ledger.row(item_of(self.seed, {"step": step, "draw": draw}))
                if row is not None:
                    rows[step, draw] = row
            missing = [draw for draw in draws if (step, draw) not in rows]
            if missing:
                if step:
                    self._train_to(step)
                    reached = step
                evaluate = self._linear if self.settings.evaluate == "linear" else self._finetuned
                for draw, evaluation in evaluate(step, missing):
                    row = {"step": step, "draw": draw, **evaluation.as_dict()}
                    ledger.record(item_of(self.seed, row), row)
                    rows[step, draw] = row
                after = f" after {step} steps" if self.settings.trains else ""
                accuracy = np.mean([rows[step, draw]["accuracy"] for draw in draws])
                self.note(f"seed {self.seed}{after}: accuracy {100 * accuracy:.2f} %")
        if self.settings.trains and not (self.folder / NETWORK_NAME).exists():
            if reached < milestones[-1]:
                self._train_to(milestones[-1])
            self._save_network()
        return [rows[place] for place in sorted(rows)]

    @cached_property
    def _network(self) -> Network:
        settings, data = self.settings, self.data
        if settings.weights is not None:
            network = Network.from_pretrained(settings.weights)
        else:
            classes = self._recipe.classes if settings.trains else len(data.classes)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                network = make_network(
                    settings.network, classes=classes, channels=data.channels, side=data.side
                )
        return network.to(resolve_device(settings.pretraining.device))

    @cached_property
    def _recipe(self) -> Recipe:
        return self.settings.recipe(self.data.side, self.seed, self._labelled("classes"))

    def _train_to(self, step: int) -> None:
        """Let the network learn fractals up to a step, from the newest checkpoint on."""
        found = checkpoints(self.folder / CHECKPOINTS)
        done = found[0][0] if found else 0
        if done > step:
            raise InputError(
                f"{self.folder} holds a training of {done} steps, and no evaluation after {step}; "
                "start anew with --restart"
            )
        settings = replace(self.settings.pretraining, seed=self.seed)
        task = ClassificationTask(self._network)
        batches = FractalBatches(self._recipe, settings.batch, channels=self.data.channels)
        config = {"network": asdict(self._network.config), "recipe": self._recipe.identity()}
        while True:
            result = train(
                task,
                batches,
                settings,
                self.folder,
                config=config,
                progress=self._labelled(f"seed {self.seed}"),
                stop_after=step - done,
            )
            self._check_stopped(result)
            done = result.step
            if done == step:  # less if the newest checkpoint was damaged
                return

    def _linear(self, step: int, draws: list[int]) -> Iterator[tuple[int, Evaluation]]:
        """Yield an evaluation of the network's features for each draw."""
        data, splits = self.data, {draw: self._masks(draw) for draw in draws}
        # Features of every picture that a draw needs, once for all of them.
        needed = np.any([mask for split in splits.values() for mask in split], axis=0)
        features, labels = self._features(data.learned, needed)
        if data.tested is not None:
            tested = self._features(data.tested, np.ones(len(data.tested), bool))
        for draw, masks in splits.items():
            learn, rest = (torch.from_numpy(mask) for mask in masks)
            test = (features[rest], labels[rest]) if data.tested is None else tested
            yield (
                draw,
                evaluate_features(
                    features[learn], labels[learn], *test, seed=self._draw_seed(draw)
                ),
            )

    def _finetuned(self, step: int, draws: list[int]) -> Iterator[tuple[int, Evaluation]]:
        """Yield an evaluation of a copy of the network that learned on, for each draw."""
        shots, limit = self.settings.shots, self.settings.limit
        for draw in draws:
            learned, tested = self.data.split(self.seed, draw, shots=shots, limit=limit)
            folder = self.folder / f"finetune-{step}-{draw}"
            settings = replace(self.settings.finetuning, seed=self._draw_seed(draw))
            evaluation, result = finetune(
                copy.deepcopy(self._network),
                learned,
                tested,
                settings,
                folder,
                classes=len(self.data.classes),
                progress=self._labelled(f"seed {self.seed}, fine-tuning"),
            )
            self._check_stopped(result)
            assert evaluation is not None
            yield draw, evaluation
            remove_checkpoints(folder / CHECKPOINTS)  # the evaluation is written by now

    def _masks(self, draw: int) -> tuple[Mask, Mask]:
        settings = self.settings
        return self.data.masks(self.seed, draw, shots=settings.shots, limit=settings.limit)

    def _draw_seed(self, draw: int) -> int:
        return int(np.random.SeedSequence([self.seed, draw]).generate_state(1)[0])

    def _features(self, pictures: Pictures, needed: Mask) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the features of the pictures that are needed, zeros for others; all labels."""
        features = torch.zeros(len(pictures), self._network.feature_size)
        found = features_of(self._network, pictures.images[needed], self._labelled("features"))
        features[torch.from_numpy(needed)] = found
        return features, torch.from_numpy(label_array(pictures))

    def _labelled(self, label: str) -> Progress:
        return Progress(lambda done, total, _: self.progress(done, total, label))

    def _check_stopped(self, result: TrainResult) -> None:
        for text in result.notes:
            self.note(text)
        if result.stopped_by is not None:
            raise Interrupted(result.stopped_by)

    def _save_network(self) -> None:
        card = {
            "fractals": self._recipe.identity(),
            "pretraining": {**self.settings.pretraining.as_dict(), "seed": self.seed},
            "selfsame": __version__,
        }
        self._network.save_pretrained(self.folder / NETWORK_NAME, card)


def item_of(seed: int, row: Row) -> str:
    """Return the ledger's name of an evaluation; its row has ``step`` and ``draw``."""
    return f"seed {seed}, step {row['step']}, draw {row['draw']}"
