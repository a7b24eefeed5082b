"""Learn the models that PIFS coding starts from: `python tools/train_pifs_tables.py FOLDER`.

Codes the pictures of a folder one after the other at several steps without resetting the models,
and averages their states: probabilities and mixing weights as they are typical of
photographs. Writes ``src/selfsame/pifs/tables.npz``. A new file changes what every stream means:
it is part of the format, so do this only together with a new version of the stream.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tables import save_tables
from tqdm import tqdm

from selfsame._native import pifs as native
from selfsame.coding.slots import untrained_tables
from selfsame.io.pictures import SUFFIXES
from selfsame.pifs import stream
from selfsame.pifs.encoding.attempt import (
    PRICE,
    attempt,
    decoded_planes,
    find_candidates,
    sources,
    with_half_chroma,
)
from selfsame.pifs.encoding.candidates import plan_for
from selfsame.run.threads import thread_count

STEPS = (8.0, 14.0, 22.0, 34.0, 55.0, 90.0)
OUTPUT = Path(__file__).parents[1] / "src" / "selfsame" / "pifs" / "tables.npz"


def main() -> None:
    """Read the command line, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=2, help="passes over the folder")
    parser.add_argument("--skip", type=int, default=10, help="every n-th picture is held out")
    parser.add_argument("--limit", type=int, default=None, help="use at most so many pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    files = [p for i, p in enumerate(files) if i % arguments.skip][: arguments.limit]
    rng = np.random.default_rng(arguments.seed)
    slots, weights = untrained_tables(native.SLOTS, native.WEIGHT_SETS)
    # At first no map is likely, or every map would seem cheap.
    none = np.uint32(int(0.85 * 2**22) << 10) | np.uint32(8)
    for first, count in native.map_slots():
        slots[first : first + count] = none
    for round_ in range(arguments.rounds):
        jobs = [files[i] for i in rng.permutation(len(files))]
        probability = np.zeros(slots.size)
        visits = 0
        weight_sum = np.zeros(weights.shape)
        for n, path in enumerate(tqdm(jobs, desc=f"round {round_ + 1}")):
            step = float(rng.choice(STEPS)) * float(rng.uniform(0.8, 1.25))
            slots, weights = code(
                path, step, rng.random() < 0.6, rng.random() < 0.2, slots, weights
            )
            if n >= len(jobs) // 4:
                probability += slots >> np.uint32(10)
                visits += 1
                weight_sum += weights
        mean = probability / visits
        slots = (np.rint(mean).astype(np.uint32) << 10) | (slots & np.uint32(1023))
        weights = np.rint(weight_sum / visits).astype(np.int32)
    save_tables(arguments.output, (slots, weights))


def code(path, step, color, pure, slots, weights):
    """Return the models after coding one picture that started from ``slots`` and ``weights``."""
    picture = np.asarray(Image.open(path).convert("RGB" if color else "L"))
    half = bool(color and step > 20)
    stream.initial_tables = lambda: (slots, weights)
    plan, threads = plan_for("pure" if pure else "hybrid", 5), thread_count(None)
    planes = sources(picture)
    if half:
        planes = with_half_chroma(planes)
    references = [source.pixels for source in planes]
    if not pure:
        plain = attempt(planes, step, plan, half_chroma=half, threads=threads)
        references = decoded_planes(plain.code, threads)
    candidates = find_candidates(planes, references, plan, PRICE * step**2, threads=threads)
    result = attempt(
        planes,
        step,
        plan,
        half_chroma=half,
        threads=threads,
        candidates=candidates,
        references=references,
    )
    return result.models


if __name__ == "__main__":
    main()
