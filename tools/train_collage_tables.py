"""Learn the models that collage coding starts from.

`python tools/train_collage_tables.py --of photo PICTURES --of aerial OTHER_PICTURES`

Encodes the pictures of each folder with its model, at steps drawn at random, codes their symbols
one after the other without resetting the models of the range coder, and averages their states:
probabilities and mixing weights as they are typical. Writes ``src/selfsame/collage/tables.npz``. A
new file changes what every stream means: it is part of the format, so do this only together with a
new version of the stream.
"""

import argparse
from pathlib import Path

import numpy as np
from tables import save_tables
from tqdm import tqdm

from selfsame._native import collage as native
from selfsame.coding.slots import untrained_tables
from selfsame.collage.codec.decode import encode_picture
from selfsame.collage.network.model import CollageModel
from selfsame.io.pictures import SUFFIXES, read_source

OUTPUT = Path(__file__).parents[1] / "src" / "selfsame" / "collage" / "tables.npz"

STEPS = 84, 168
"""Of the codes to learn from: the ones that models are trained for, and a little around."""

SKIPPED = 0.25
"""Share of a round whose states do not count: the models are still settling."""


def main() -> None:
    """Read the command line, encode, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--of", nargs=2, action="append", required=True, metavar=("MODEL", "FOLDER")
    )
    parser.add_argument("--limit", type=int, help="use at most so many pictures of each folder")
    parser.add_argument("--refine", type=int, default=0, help="of every other picture")
    parser.add_argument("--rounds", type=int, default=3, help="passes over the codes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    codes = []
    for name, folder in arguments.of:
        codes += encoded(name, Path(folder), arguments)
    save_tables(arguments.output, train(codes, arguments.rounds, arguments.seed))


def encoded(name, folder, arguments):
    """Return symbols, number of domains and step of the pictures of a folder."""
    rng = np.random.default_rng(arguments.seed)
    model = CollageModel.from_pretrained(name)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    files = [files[i] for i in rng.permutation(len(files))][: arguments.limit]
    codes = []
    for n, path in enumerate(tqdm(files, desc=name)):
        code = encode_picture(
            read_source(path).pixels,
            model=model,
            step=int(rng.integers(STEPS[0], STEPS[1] + 1)),
            refine=arguments.refine * (n % 2),
            seed=n,
        )
        codes.append((code.symbols, code.domains, code.step))
    return codes


def train(codes, rounds, seed):
    """Return the models after ``rounds`` passes over the codes, in an order of their own each."""
    rng = np.random.default_rng(seed)
    slots, weights = untrained_tables(native.SLOTS, native.WEIGHT_SETS)
    for round_ in range(rounds):
        probability, weight_sum, visits = np.zeros(slots.size), np.zeros(weights.shape), 0
        for n, i in enumerate(tqdm(rng.permutation(len(codes)), desc=f"round {round_ + 1}")):
            symbols, domains, step = codes[i]
            slots, weights = native.learned(list(symbols), domains, step, slots, weights)
            if n >= SKIPPED * len(codes):
                probability += slots >> np.uint32(10)
                weight_sum += weights
                visits += 1
        mean = np.rint(probability / visits).astype(np.uint32)
        slots = mean << np.uint32(10) | slots & np.uint32(1023)
        weights = np.rint(weight_sum / visits).astype(np.int32)
    return slots, weights


if __name__ == "__main__":
    main()
