"""Encoders before a fit: the paper's inverse encoder, ours, and the steps that a start saves.

    python -m benchmarks.encoder.starts --part train-inverse --keep DIR [--steps N]
    python -m benchmarks.encoder.starts --part table --keep DIR --data DATA
    python -m benchmarks.encoder.starts --part steps --keep DIR --data DATA

``train-inverse``: trains the baseline of table 1, row B, of "Learning Fractals by Gradient
Descent", a ResNet-18 that regresses the parameters of fractals. ``table``: that network, the
paper's method (row F), our default, and our encoder with and without a fit, on the targets and by
the measures of ``ifs/fit.py``. ``steps``: fits from our encoder's proposals, from mixtures and
from random numbers: loss against steps, steps to equal quality. Writes encoder_table.json,
encoder_steps.json and encoder_steps.png. ``--keep`` keeps the training and all fits; a run that was
stopped goes on there.
"""

import argparse
import tempfile
from contextlib import nullcontext
from pathlib import Path

from benchmarks import harness, protocol
from benchmarks.encoder import comparison, inverse_training, savings
from benchmarks.ifs import judging
from selfsame.cli.shared.call import set_threads
from selfsame.errors import InputError
from selfsame.ifs.encoder import SetEncoder

PARTS = ("table", "steps", "train-inverse")


def main() -> None:
    parser = harness.parser(__doc__)
    protocol.add_options(parser)
    parser.add_argument("--part", choices=PARTS, default="table")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep models and fits, and reuse")
    parser.add_argument("--steps", type=int, metavar="N", help="of train-inverse [default: 8000]")
    parser.add_argument("--encoder", default="doodles", help="ours: a shipped one, or a file")
    parser.add_argument("--inits", nargs="+", choices=savings.INITS, default=savings.INITS)
    parser.add_argument(
        "--starts", nargs="+", type=int, choices=savings.STARTS, default=savings.STARTS
    )
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="write contact sheets (table)")
    options = parser.parse_args()
    if options.threads:
        set_threads(options.threads)
    if options.keep is None and options.part == "train-inverse":
        raise InputError("train-inverse needs --keep DIR, the folder of the model")
    place = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory()
    with place as folder:
        run(options, Path(folder))


def run(options: argparse.Namespace, keep: Path) -> None:
    """Run one part and publish what it found."""
    model = inverse_training.folder_of(keep) / inverse_training.MODEL_NAME
    if options.part == "train-inverse" or (options.quick and options.part == "table"):
        inverse_training.train_inverse(options, keep)
    if options.part == "train-inverse":
        return
    uses_ours = options.part == "table" or "encoder" in options.inits
    weights = SetEncoder.from_pretrained(options.encoder).digest() if uses_ours else ""
    if options.part == "table":
        results, text = comparison.measure(options, keep, model, weights)
        published, notes = judging.PUBLISHED, comparison.NOTES
    else:
        plots = harness.output_folder(options)
        results, text = savings.measure(options, keep, weights, plots)
        published, notes = (), savings.NOTES
    document = harness.record(
        f"encoder_{options.part}",
        harness.plain(results),
        options,
        published=published,
        notes=notes,
    )
    harness.publish(document, options, text)


if __name__ == "__main__":
    harness.run(main)
