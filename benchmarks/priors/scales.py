"""Codes drawn at 2 and 4 times the size, measured against pictures that are known there.

    python -m benchmarks.priors.scales --data FINE.npz --space [NAME=]SPACE [[NAME=]SPACE ...]
        [--model [NAME=]DIFFUSION ... [--label COLUMN]] [--keep DIR]

Pictures of FINE.npz are four times as fine as those of the spaces (``selfsame dataset emoji
--unseen 0.1 --side 256``); their averages over areas are coded, and are the truth at 1x and 2x.
Spaces are rows of one table: trained at several scales or one, with local domains or attention.

What codes of unseen pictures draw is compared with Lanczos's filter on the same code's drawing at
1x, and on the picture at 1x, which no code has: PSNR; sharpness, by gradients (``drawings.py`` says
how); bytes of a file; and the squared Fréchet distance of patches from true ones at the same places
(``patches.py``). With ``--model`` the latter of samples, too, whose patches have places of their
own. Floors: training pictures, patches of the truth that was blurred a little.

Intervals are of 95 %, by the bootstrap over test pictures, those of one concept or family together;
networks and samples stay as they are. Differences are of the same pictures; above 0 is better.

Writes scales_DATA.json, and sheets beside it.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import harness
from benchmarks.harness.bootstrap import DRAWS, resamples
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Row
from benchmarks.priors.digits import fingerprint_of
from benchmarks.priors.enlarging import makers, sheets
from benchmarks.priors.enlarging.drawings import (
    CODE,
    LANCZOS,
    TRUTH,
    Measures,
    kept_measures,
    measured,
    measured_samples,
    measured_truth,
    reconstructed,
    references,
)
from benchmarks.priors.enlarging.makers import Made, Subject
from benchmarks.priors.enlarging.network import EPOCHS, QUICK_EPOCHS, Judge, about, learned_judge
from benchmarks.priors.enlarging.patches import PER_PICTURE, SCALES
from benchmarks.priors.enlarging.rows import BETTER, Draws, Figures, cells, difference, figures, row
from benchmarks.priors.enlarging.truth import Truth, kin, load_truth
from selfsame.cli.shared.call import set_threads
from selfsame.datasets import Pictures
from selfsame.errors import InputError

QUICK_DRAWS = 5

SOURCES = ("priors/**/*.py", "collage/**/*.py", "latents/*.py")
SHOWN = ("set", "scale")
"""Settings of work in progress that are told."""

NO_CODE, TRAINING = "no code", "training pictures"
"""Sets without a space."""

COLUMNS = ("psnr_db", "gradient_ratio", "squared_gradient_ratio", "true_gradient_ratio")
DISTANCES = ("frechet_network", "frechet_gradients")
SPACE_COLUMNS = ("set", "numbers", "bytes", "parameters", *makers.PARTS)

NOTES = (
    "means over unseen pictures; intervals, NAME_low to NAME_high, are of 95 %: bootstrap over"
    " pictures, those of one concept or family drawn together, 1.96 standard deviations to both"
    " sides; networks and samples are given",
    "gradient_ratio: mean magnitude of the gradient over that of the truth, which blur of a lone"
    " edge does not change; squared_gradient_ratio: of its square, inverse to the width of edges;"
    " ripples raise both; true_gradient_ratio: of its product with that of the truth, which they do"
    " not raise; ..._miss: magnitude of the logarithm of the ratio",
    "frechet_network, frechet_gradients: squared Fréchet distances of 32x32 patches from patches of"
    " the truth, in the features of a network trained here and in shares of gradients; of"
    " reconstructions at the same places, so figures of samples and of training pictures are not"
    " comparable with theirs; compare within one run only",
    "differences are of the same pictures; above 0 the first is better, whatever the measure",
)

Table = dict[tuple[str, str, int], Figures]
"""Figures by set, way of enlarging and scale."""


def all_measures(
    subjects: Sequence[Subject], made: Made, truth: Truth, judge: Judge, kept: Kept, settings: Row
) -> dict[str, Measures]:
    """Return the measures of what needs no code, of training pictures, of spaces, of samples.

    Args:
        settings: all that the judge and the test pictures depend on, and the seed.
    """
    seed, test = settings["seed"], truth.test
    floor = training_floor(truth)

    def keep(name: str, work: Callable[[], Measures], **depends: str) -> Measures:
        return kept_measures(kept, {**settings, **depends, "set": name}, work)

    found = {
        NO_CODE: keep(NO_CODE, partial(measured, references, test, judge, seed)),
        TRAINING: keep(TRAINING, partial(measured_truth, floor, judge, seed)),
    }
    for subject in subjects:
        work = partial(measured, partial(reconstructed, subject.space), test, judge, seed)
        found[subject.label] = keep(subject.label, work, model=subject.fingerprint)
    for label, (maker, latents) in made.items():
        space = maker.diffusion.space
        work = partial(measured_samples, space, latents, judge, seed)
        of = {"space": space.digest(), "latents": fingerprint_of(latents.values)}
        found[label] = keep(label, work, **of)
    return found


def training_floor(truth: Truth) -> Pictures:
    """Return as many training pictures as there are test pictures, if there are."""
    return truth.train.spread(len(truth.test))


def table_of(
    measures: Mapping[str, Measures], made: Made, truth: Truth, draws: int, seed: int
) -> Table:
    """Return the figures of all sets, the truth's own aside."""
    true = resamples(kin(truth.test), draws, seed)
    floor = training_floor(truth)
    found: Table = {}
    for label, of_set in measures.items():
        chosen = true
        if label == TRAINING:
            chosen = resamples(kin(floor), draws, seed + 1)
        elif label in made:
            chosen = resamples(np.arange(len(made[label][1].values)), draws, seed + 1)
        harness.say(f"{label}: intervals")
        for (way, scale), arrays in of_set.items():
            if (label, way) != (NO_CODE, TRUTH):
                known = measures[NO_CODE][TRUTH, scale]
                found[label, way, scale] = figures(arrays, known, Draws(chosen, true))
    return found


def differences(table: Table, subjects: Sequence[Subject], made: Made) -> list[Row]:
    """Return by how much codes are better than the filter on their drawings, and than the codes of
    the first space."""
    pairs = [
        ((label, CODE, scale), (label, LANCZOS, scale))
        for label in [*(subject.label for subject in subjects), *made]
        for scale in SCALES
    ]
    pairs += [
        ((subject.label, CODE, scale), (subjects[0].label, CODE, scale))
        for subject in subjects[1:]
        for scale in (1, *SCALES)
    ]
    return [
        {
            "set": first[0],
            "scale": first[2],
            "than": second[1] if first[0] == second[0] else second[0],
            **difference(table[first], table[second]),
        }
        for first, second in pairs
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument(
        "--space",
        nargs="+",
        default=[],
        metavar="[NAME=]SPACE",
        help="latent spaces, folders or names; NAME stands in the tables",
    )
    parser.add_argument(
        "--model", nargs="+", default=[], metavar="[NAME=]MODEL", help="diffusions of codes"
    )
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="of --data, whose values are the diffusions' classes: samples are of the classes of "
        "the test pictures [default: classes take turns]",
    )
    parser.add_argument("--guidance", type=float, default=1.0, help="of samples [default: 1]")
    parser.add_argument("--steps", type=int, default=25, help="of the sampler [default: 25]")
    parser.add_argument("--count", type=int, metavar="N", help="test pictures [default: all]")
    parser.add_argument(
        "--tell",
        nargs="+",
        metavar="COLUMN",
        help="whose values the patches' network learns to tell [default: styles, groups, "
        "characters where there are such, or the labels]",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep finished work, and reuse it")


def main() -> None:
    parser = harness.parser(__doc__)
    add_options(parser)
    options = parser.parse_args()
    set_threads(options.threads)
    truth = load_truth(options)
    untrained = options.quick and not options.space
    subjects = makers.load_subjects(options.space, truth)
    if untrained:
        subjects = makers.small_subjects()
    if not subjects:
        raise InputError("give --space SPACE, and --data; --quick needs neither")
    diffusions = makers.load_makers(options.model, truth)
    folder, name = harness.output_folder(options), f"scales_{Path(truth.name).stem}"
    kept = Kept(options.keep, "scales", SOURCES, SHOWN)
    if folder is not None:
        sheets.write_sheets(folder, name, subjects, truth)
    made = makers.samples(diffusions, truth.test, kept, options)
    if folder is not None and made:
        sheets.write_samples(folder, name, made)
    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    settings = {
        "train": truth.train.fingerprint,
        "test": truth.test.fingerprint,
        "told": options.tell,
        "seed": options.seed,
        "epochs": epochs,
    }
    judge = learned_judge(truth, options.tell, kept, options.seed, epochs)
    measures = all_measures(subjects, made, truth, judge, kept, settings)
    draws = QUICK_DRAWS if options.quick else DRAWS
    table = table_of(measures, made, truth, draws, options.seed)
    rows = [
        {"set": label, "way": way, "scale": scale, **row(found)}
        for (label, way, scale), found in table.items()
    ]
    better = differences(table, subjects, made)
    spaces = [makers.about_space(subject, truth.test) for subject in subjects]
    results = {
        "data": truth.name,
        "side": truth.side,
        "test_pictures": len(truth.test),
        "test_kin": len(set(kin(truth.test).tolist())),
        "training_pictures": len(truth.train),
        "patches_per_picture": PER_PICTURE,
        "draws": draws,
        "network": about(judge),
        "spaces": spaces,
        "models": [makers.about_maker(maker) for maker in diffusions],
        "rows": rows,
        "differences": better,
    }
    notes = [*NOTES, *(["the spaces are small and untrained"] if untrained else [])]
    texts = [
        harness.markdown_table(spaces, SPACE_COLUMNS),
        harness.markdown_table(
            cells(rows, (*COLUMNS, *DISTANCES)), ("set", "way", "scale", *COLUMNS, *DISTANCES)
        ),
        harness.markdown_table(cells(better, [*BETTER]), ("set", "than", "scale", *BETTER)),
    ]
    document = harness.record(name, harness.plain(results), options, notes=notes)
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
