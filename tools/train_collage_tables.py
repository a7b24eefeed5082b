"""Learn the models that collage coding starts from: `python tools/train_collage_tables.py FOLDER`.

Codes the collages of a folder (``.ssm``, or ``.npz`` with arrays ``plane0 …``, their step at the
end of the name: ``tree-128.npz``) one after the other without resetting the models, and averages
their states: probabilities and mixing weights as they are typical of photographs. Writes
``src/selfsame/collage/tables.npz``. A new file changes what every stream means: it is part of the
format, so do this only together with a new version of the stream.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from selfsame.bitstream import load
from selfsame.bitstream.range_coder import new_coder
from selfsame.bitstream.slots import save_models, untrained_models
from selfsame.collage import contexts as c
from selfsame.collage.code import CollageCode
from selfsame.collage.stream import capacity, code_symbols, loaded_planes

OUTPUT = Path(__file__).parents[1] / "src" / "selfsame" / "collage" / "tables.npz"

SKIPPED = 0.25
"""Share of a round whose states do not count: the models are still settling."""


def main() -> None:
    """Read the command line, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--domains", type=int, default=1, help="of the symbols in .npz files")
    parser.add_argument("--rounds", type=int, default=3, help="passes over the codes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    files = sorted(p for f in arguments.folder for s in ("ssm", "npz") for p in f.glob(f"*.{s}"))
    codes = [read(path, arguments.domains) for path in files]
    save_models(arguments.output, train(codes, arguments.rounds, arguments.seed))


def read(path, domains):
    """Return the symbols, the number of domains and the step in a file."""
    if path.suffix == ".ssm":
        code = load(path)
        if not isinstance(code, CollageCode):
            raise SystemExit(f"{path} holds no collage")
        return code.symbols, code.domains, code.step
    with np.load(path) as archive:
        names = sorted(name for name in archive.files if name.startswith("plane"))
        symbols = tuple(archive[name].astype(np.int32) for name in names)
        return symbols, domains, int(path.stem.split("-")[-1])


def train(codes, rounds, seed):
    """Return the models after ``rounds`` passes over the codes, in an order of their own each."""
    rng = np.random.default_rng(seed)
    slots, weights = untrained_models(c.SLOTS, c.WEIGHT_SETS)
    for round_ in range(rounds):
        probability, weight_sum, visits = np.zeros(slots.size), np.zeros(weights.shape), 0
        for n, i in enumerate(tqdm(rng.permutation(len(codes)), desc=f"round {round_ + 1}")):
            symbols, domains, step = codes[i]
            coder = new_coder(slots, weights, len(c.ELEMENTS), capacity(symbols))
            code_symbols(coder, False, loaded_planes(symbols, domains), step)
            slots, weights = coder.slots, coder.weights
            if n >= SKIPPED * len(codes):
                probability += slots >> np.uint32(10)
                weight_sum += weights
                visits += 1
        mean = np.rint(probability / visits).astype(np.uint32)
        slots = mean << np.uint32(10) | slots & np.uint32(1023)
        weights = np.rint(weight_sum / visits).astype(np.int64)
    return slots, weights


if __name__ == "__main__":
    main()
