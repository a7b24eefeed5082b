"""COIN, a sine network per picture: what its files hold at given rates, and how long they take.

    python -m benchmarks.coin.rates --data KODAK [--reduce 4] [--keep DIR] [--device cuda]

Adam on whole pictures (or on random pixels of them, ``--coin-batch``), the best network so far
kept; it is written as float16, counted, decoded from those bytes and judged. ``--reduce 4`` takes
pictures 4 times smaller in each direction, with networks of the same bits per pixel. ``--keep``
saves each fit as it goes: a run that was stopped goes on there, and ``collage/codec.py`` reads the
same fits. Writes coin.csv, coin.json and coin.png: PSNR against seconds of training.
"""

import torch

from benchmarks import harness
from benchmarks.codec import peers
from benchmarks.codec.photos import add_picture_options, load_photos
from benchmarks.codec.rows import COLUMNS, means_by_setting
from benchmarks.coin.plots import plot_progress
from benchmarks.coin.trials import NAME, add_options, fit_photo, log_of, rates, reduced
from benchmarks.harness.types import Row


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    add_options(parser)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    photos = [reduced(photo, options.reduce) for photo in load_photos(options)]
    names = [photo.name for photo in photos]
    rows: list[Row] = []
    logs: dict[str, dict[str, list[list[float]]]] = {name: {} for name in names}
    for photo in photos:
        for bpp in rates(options):
            row, found = fit_photo(photo, bpp, options)
            rows.append(row)
            logs[photo.name][f"{bpp:g} bpp"] = log_of(found)
            harness.say(
                f"{photo.name} {row['version']}: {row['bpp']:.3f} bpp, {row['psnr_db']:.2f} dB,"
                f" {found.seconds:.0f} s"
            )
    means = means_by_setting(rows, NAME, names)
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "coin.csv", rows, COLUMNS)
        plot_progress(folder / "coin.png", "COIN: PSNR of the file so far", logs)
    results = {"pictures": names, "reduced_by": options.reduce, "mean": means, "logs": logs}
    document = harness.record(
        "coin",
        results,
        options,
        published=[row for row in peers.PUBLISHED if row["codec"] == NAME],
        notes=[
            "real file bytes, float16 weights and a header of 6; PSNR of the picture decoded from"
            " them, over all channels",
            "logs: steps, seconds of training alone, PSNR of the best file so far",
            "published figures are of all 24 pictures of Kodak at their own size",
        ],
    )
    columns = ["setting", "bpp", "psnr_db", "ssim"]
    harness.publish(document, options, harness.markdown_table(means, columns))


if __name__ == "__main__":
    harness.run(main)
