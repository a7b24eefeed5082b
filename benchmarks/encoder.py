"""Encoders before a fit: the paper's inverse encoder, ours, and the steps that a start saves.

    python benchmarks/encoder.py --part train-inverse --keep DIR [--steps N]
    python benchmarks/encoder.py --part table --keep DIR --data DATA
    python benchmarks/encoder.py --part steps --keep DIR --data DATA

``train-inverse``: trains the baseline of table 1, row B, of "Learning Fractals by Gradient
Descent", a ResNet-18 that regresses the parameters of fractals. ``table``: that network, the
paper's method (row F), our default, and our encoder with and without a fit, on the targets and by
the measures of ``ifs_fit.py``. ``steps``: fits from our encoder's proposals, from mixtures and
from random numbers: loss against steps, steps to equal quality. Writes encoder_table.json,
encoder_steps.json and encoder_steps.png. ``--keep`` keeps the training and all fits; a run that was
stopped goes on there.
"""

import argparse
import tempfile
from contextlib import nullcontext
from pathlib import Path

import codec_data
import encoder_inverse
import encoder_steps
import encoder_table
import harness
import ifs_fit
import protocol
from selfsame.cli.options import set_threads
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
    parser.add_argument(
        "--inits", nargs="+", choices=encoder_steps.INITS, default=encoder_steps.INITS
    )
    parser.add_argument(
        "--starts", nargs="+", type=int, choices=encoder_steps.STARTS, default=encoder_steps.STARTS
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
    model = encoder_inverse.folder_of(keep) / encoder_inverse.MODEL_NAME
    if options.part == "train-inverse" or (options.quick and options.part == "table"):
        encoder_inverse.train_inverse(options, keep)
    if options.part == "train-inverse":
        return
    uses_ours = options.part == "table" or "encoder" in options.inits
    weights = SetEncoder.from_pretrained(options.encoder).digest() if uses_ours else ""
    if options.part == "table":
        results, text = encoder_table.measure(options, keep, model, weights)
        published, notes = ifs_fit.PUBLISHED, encoder_table.NOTES
    else:
        plots = codec_data.output_folder(options)
        results, text = encoder_steps.measure(options, keep, weights, plots)
        published, notes = (), encoder_steps.NOTES
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
