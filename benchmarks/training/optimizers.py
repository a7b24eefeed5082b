"""Muon beside AdamW: how good a latent space is after so many steps, and how long a step takes.

    python -m benchmarks.training.optimizers --data MNIST.npz [--steps 600] [--batches 16 64]
        [--rates 0.0005 0.001 0.002 0.004] [--seeds 0 1] [--keep DIR]

The same space learns the same batches with either optimiser, at every learning rate and batch, the
rate falling to its end; measured is the PSNR of all test pictures, as codes draw them. Seconds of a
step are a median over trainings, of a machine that should do nothing else.

Writes optimizers_DATA.json.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import torch

from benchmarks import harness
from benchmarks.harness.kept import finished, kept_folder
from benchmarks.harness.types import Row
from benchmarks.priors.digits import Data, load_data
from selfsame.cli.shared.call import set_threads
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.train import GridTask
from selfsame.datasets.batches import PictureBatches, evaluation_pictures
from selfsame.run.progress import Progress
from selfsame.training import TrainSettings, train

OPTIMIZERS = ("adamw", "muon")

SHAPE = {"cell": 8, "numbers": 8, "width": 48, "blocks": 1, "mixers": 1}
"""Of the space."""

SMALL = {"cell": 8, "numbers": 2, "width": 8, "blocks": 0, "aux_blocks": 4}
"""Of a quick run's."""

QUICK_STEPS = 3

WARMUP = 50
"""Steps over which rates rise: at most; and at most a tenth of all."""

SOURCES = ("collage/**/*.py", "training/*.py", "nn/*.py")

COLUMNS = ("optimizer", "batch", "rate", "psnr_db", "psnr_lowest_db", "seconds_per_step")


def trained(data: Data, shape: Row, settings: TrainSettings) -> Row:
    """Return the PSNR in dB of what a space makes of the test pictures, and seconds of a step."""
    config = GridConfig(side=data.train.images.shape[1], channels=1, **shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        task = GridTask(config, validation=evaluation_pictures(data.test))
    batches, stamps = PictureBatches(data.train, settings.batch), [time.perf_counter()]
    with tempfile.TemporaryDirectory() as folder:
        result = train(
            task,
            batches,
            settings,
            Path(folder),
            progress=Progress(lambda *_: stamps.append(time.perf_counter())),
        )
    gaps = [after - before for before, after in itertools.pairwise(stamps)]
    return {"psnr_db": result.validation["psnr"], "seconds_per_step": statistics.median(gaps)}


def settings_of(options: argparse.Namespace) -> Iterable[TrainSettings]:
    """Yield the settings of all trainings: optimisers take turns, so that both see the same
    machine."""
    steps = options.steps
    for batch, rate, seed in itertools.product(options.batches, options.rates, options.seeds):
        for optimizer in OPTIMIZERS:
            yield TrainSettings(
                steps=steps,
                batch=batch,
                lr=rate,
                warmup_steps=min(WARMUP, steps // 10),
                optimizer=optimizer,  # type: ignore[arg-type]
                ema_decay=0.99,
                seed=seed,
                device="cpu",
                log_every=steps,
                validate_every=0,
                checkpoint_every=steps,
            )


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--steps", type=int, default=600, help="of each training [default: 600]")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[16, 64], metavar="N", help="[default: 16 64]"
    )
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=[5e-4, 1e-3, 2e-3, 4e-3],
        metavar="R",
        help="learning rates [default: 0.0005 0.001 0.002 0.004]",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="[default: 0 1]")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")
    options = parser.parse_args()
    set_threads(options.threads)
    if options.quick:
        options.steps = QUICK_STEPS
    data, shape = load_data(options), SMALL if options.quick else SHAPE
    folder = None
    if options.keep is not None:
        pictures = [data.train.fingerprint, data.test.fingerprint]
        about = {"shape": shape, "pictures": pictures, "threads": torch.get_num_threads()}
        folder = kept_folder(options.keep, "optimizers", SOURCES, about)
    found: dict[tuple[str, int, float], list[Row]] = {}
    for settings in settings_of(options):
        table = settings.as_dict()
        name = "{optimizer}, batch {batch}, rate {lr:g}, seed {seed}".format(**table)
        row = finished(folder, name, lambda s=settings: trained(data, shape, s), table)
        harness.say(f"{name}: {row['psnr_db']:.2f} dB, {row['seconds_per_step']:.3f} s a step")
        found.setdefault((settings.optimizer, settings.batch, settings.lr), []).append(row)
    rows = [
        {
            "optimizer": optimizer,
            "batch": batch,
            "rate": rate,
            "psnr_db": harness.mean([row["psnr_db"] for row in of_seeds]),
            "psnr_lowest_db": min(row["psnr_db"] for row in of_seeds),
            "seconds_per_step": statistics.median(row["seconds_per_step"] for row in of_seeds),
        }
        for (optimizer, batch, rate), of_seeds in found.items()
    ]
    results = {
        "data": data.name,
        "steps": options.steps,
        "shape": shape,
        "test_pictures": len(data.test),
        "rows": rows,
    }
    notes = [
        "psnr_db: of all test pictures after the last step, mean over pictures and seeds, running"
        " average of the weights; psnr_lowest_db: of the worst seed; rates are those of both"
        " optimisers, which mean about the same length of a step by each",
        "every rate is shown: the best of each may be compared, as it would be in use",
    ]
    name = f"optimizers_{Path(data.name).stem}"
    document = harness.record(name, results, options, seeds=options.seeds, notes=notes)
    harness.publish(document, options, harness.markdown_table(rows, COLUMNS))


if __name__ == "__main__":
    harness.run(main)
