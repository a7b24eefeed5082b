"""Seconds of the picture codec: colours, modes, targets, threads, efforts, a small picture.

    python -m benchmarks.codec.speed --data KODAK [--keep DIR]

Times are medians of several runs in one process after a warm-up; ``codec.core`` has starts, sizes
and memory. Writes codec_speed.csv, a plot of rate against time by effort, and codec_speed.json.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness
from benchmarks.codec import bjontegaard
from benchmarks.codec.ours import MODES, codec_version
from benchmarks.codec.photos import COLORS, Photo, add_picture_options, load_photos, tiled
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.harness import plotting
from benchmarks.harness.kept import Table, kept_path
from benchmarks.harness.types import Bytes, Row
from selfsame.errors import InputError

SIZE = (768, 512)
EFFORTS = tuple(range(1, 10))
EFFORT_QUALITIES = (25.0, 45.0, 65.0)
"""Three points of a curve, so that efforts compare at equal rate; times are of the middle one."""

THREADS = (1, 2)
TARGETS: dict[str, dict[str, float]] = {
    "quality 75": {"quality": 75.0},
    "0.5 bpp": {"bpp": 0.5},
    "27.72 dB": {"psnr": 27.72},
}
"""The last is FIASCO's mean PSNR at 0.2 bpp, grey, which takes it 7.5 to 14.5 s a picture."""

KEYS = ("part", "name", "color", "mode", "effort", "threads", "version")
COLUMNS = (
    *KEYS,
    "pixels",
    "bpp",
    "psnr_db",
    "encode_s",
    "encode_min_s",
    "encode_max_s",
    "entropy_decode_s",
    "reconstruct_s",
    "decode_s",
)

PUBLISHED = (
    {"codec": "FIASCO", "encode_s": [7.5, 14.5], "decode_s": 0.008, "what": "768x512 grey",
     "source": "repaired pnmtofiasco, measured on a machine of this kind"},
    {"codec": "pvigier", "encode_s": 2.4, "psnr_db": 30.9, "what": "64x64 grey",
     "source": "pvigier/fractal-image-compression (Python), measured on a machine of this kind"},
    {"codec": "Fisher", "encode_s": 2.2, "psnr_db": 35.58, "what": "512x512 Lena, 0.60 bpp",
     "source": "Roy et al. 2018"},
    {"codec": "Saupe", "encode_s": 13.2, "psnr_db": 36.20, "what": "512x512 Lena, 0.60 bpp",
     "source": "Roy et al. 2018"},
    {"codec": "HV, Roy et al.", "encode_s": 12.2, "psnr_db": 37.67,
     "what": "512x512 Lena, 0.60 bpp", "source": "Roy et al. 2018"},
    {"codec": "fast_fractal_compression", "encode_s": 3.8, "psnr_db": 31.54,
     "what": "512x512 colour Lena, 0.244 bpp", "source": "its authors"},
)  # fmt: skip

SMALL_SIDE, SMALL_PSNR_DB = 64, 30.9
"""The picture of pvigier's encoder, and what it reaches."""


def timed(pixels: Bytes, runs: int, threads: int | None, **settings: Any) -> tuple[Row, bytes]:
    """Return the times of encoding a picture, and of both halves of decoding it; and the file."""
    import selfsame
    from selfsame.codes import store

    def encode() -> bytes:
        return store.pack(selfsame.encode(pixels, threads=threads, **settings))

    data = encode()
    encoding = harness.measure(encode, warm_up=0, runs=runs)
    code = store.unpack(data)
    entropy = harness.measure(lambda: store.unpack(data), runs=2 * runs)
    picture = selfsame.decode(code, threads=threads)
    rebuilding = harness.measure(lambda: selfsame.decode(code, threads=threads), runs=2 * runs)
    whole = harness.measure(
        lambda: selfsame.decode(store.unpack(data), threads=threads), runs=2 * runs
    )
    row = {
        "pixels": pixels.shape[0] * pixels.shape[1],
        "bpp": bpp_of(data, pixels),
        "psnr_db": judge(pixels, np.rint(picture * 255).astype(np.uint8)).psnr_db,
        "encode_s": encoding.median_s,
        "encode_min_s": encoding.min_s,
        "encode_max_s": encoding.max_s,
        "entropy_decode_s": entropy.median_s,
        "reconstruct_s": rebuilding.median_s,
        "decode_s": whole.median_s,
    }
    return row, data


def kept(table: Table, work: Callable[[], Row], **key: Any) -> Row | None:
    """Return the row of a key, measured by ``work`` if the table lacks it; None where no code meets
    the target."""
    key["version"] = codec_version()
    row = table.find(**key)
    if row is None:
        try:
            row = table.add(key | work())
        except InputError as error:
            harness.say(f"{' '.join(str(key[k]) for k in KEYS[:-1])}: {error}")
            return None
        shown = ", ".join(f"{c} {row[c]:.4g}" for c in COLUMNS if isinstance(row[c], float))
        harness.say(f"{' '.join(str(key[k]) for k in KEYS[:-1])}: {shown}")
    return row


def default_effort(photo: Photo, table: Table, options: argparse.Namespace) -> bool:
    """Add times at default effort by colour, mode, target and threads; return whether the files of
    all numbers of threads, and their pictures, are the same."""
    import selfsame
    from selfsame.codes import store

    photo = Photo(photo.name, tiled(photo.rgb, *options.size))
    same = True
    for color in COLORS:
        pixels = photo.pixels(color)
        for mode in MODES:
            for label in options.targets:
                target = TARGETS[label]
                if "psnr" in target and color != "grey":
                    continue
                for threads in THREADS:
                    kept(
                        table,
                        lambda p=pixels, n=threads, t=target, m=mode: timed(
                            p, options.runs, n, mode=m, **t
                        )[0],
                        part="default effort", name=f"{photo.name}, {label}",
                        color=color, mode=mode, effort=5, threads=threads,
                    )  # fmt: skip
            files = {store.pack(selfsame.encode(pixels, mode=mode, threads=n)) for n in THREADS}
            code = store.unpack(next(iter(files)))
            pictures = {selfsame.decode(code, threads=n).tobytes() for n in THREADS}
            same = same and len(files) == len(pictures) == 1
    return same


def small_picture(photo: Photo, table: Table, options: argparse.Namespace) -> None:
    """Add times of pvigier's task: 64×64 grey at the PSNR that its encoder reaches."""
    pixels = tiled(photo.pixels("grey"), SMALL_SIDE, SMALL_SIDE)
    for mode in MODES:
        for effort in (1, 5):
            kept(
                table,
                lambda m=mode, e=effort: timed(
                    pixels, options.runs, None, mode=m, effort=e, psnr=SMALL_PSNR_DB
                )[0],
                part="small picture", name=f"{photo.name}, {SMALL_PSNR_DB} dB",
                color="grey", mode=mode, effort=effort, threads=0,
            )  # fmt: skip


def efforts(photos: list[Photo], table: Table, options: argparse.Namespace) -> list[Row]:
    """Add times of every effort, and return means: seconds, and rate against effort 5."""
    rows = []
    for mode in MODES:
        curves: dict[tuple[int, str], bjontegaard.Curve | None] = {}
        middle: dict[int, list[Row]] = {}
        for effort in options.efforts:
            for photo in photos:
                own = []
                for quality in EFFORT_QUALITIES:
                    row = kept(
                        table,
                        lambda p=photo, q=quality, m=mode, e=effort: timed(
                            p.rgb, 1, options.threads, mode=m, effort=e, quality=q
                        )[0],
                        part="effort", name=f"{photo.name}, quality {quality:g}",
                        color="color", mode=mode, effort=effort, threads=options.threads or 0,
                    )  # fmt: skip
                    own += [row] if row else []
                curves[effort, photo.name] = bjontegaard.curve(
                    [r["bpp"] for r in own], [r["psnr_db"] for r in own]
                )
                middle.setdefault(effort, []).append(own[len(own) // 2])
        for effort in options.efforts:
            deltas = [
                bjontegaard.bd_rate(curves.get((5, p.name)), curves[effort, p.name], 0, np.inf)
                for p in photos
            ]
            there = [d for d in deltas if d is not None]
            rows.append(
                {
                    "mode": mode,
                    "effort": effort,
                    **{
                        column: harness.mean([r[column] for r in middle[effort]])
                        for column in ("bpp", "psnr_db", "encode_s", "decode_s")
                    },
                    "rate against effort 5, %": harness.mean(there),
                }
            )
    return rows


def plot_efforts(path: Path, effort_rows: list[Row]) -> None:
    """Plot rate against time."""
    lines = {
        mode: [
            (row["encode_s"], 100 + row["rate against effort 5, %"])
            for row in effort_rows
            if row["mode"] == mode and row["rate against effort 5, %"] is not None
        ]
        for mode in MODES
    }
    plotting.plot_lines(
        path,
        "efforts 1 to 9",
        {mode: values for mode, values in lines.items() if values},
        "seconds to encode",
        "rate at equal PSNR, % of effort 5",
    )


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--runs", type=int, metavar="N", help="timed runs [default: 3]")
    parser.add_argument("--efforts", type=int, nargs="+", choices=EFFORTS, metavar="1…9")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 3)
    options.targets = list(TARGETS)[:1] if options.quick else list(TARGETS)
    options.pictures = options.pictures or (1 if options.quick else 2)
    options.efforts = options.efforts or ((1, 5) if options.quick else EFFORTS)
    options.size = (96, 64) if options.quick else SIZE
    photos = load_photos(options)
    table = Table(kept_path(options, "codec_speed.csv"), KEYS, COLUMNS)
    same = [default_effort(photo, table, options) for photo in photos]
    small_picture(photos[0], table, options)
    effort_rows = efforts(photos, table, options)
    version = codec_version()
    rows = [row for row in table.rows.values() if row["version"] == version]
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "codec_speed.csv", rows, COLUMNS)
        plot_efforts(folder / "codec_efforts.png", effort_rows)
    small = [row for row in rows if row["part"] == "small picture"]
    results = {
        "pictures": [photo.name for photo in photos],
        "size": list(options.size),
        "runs": options.runs,
        "rows": [{k: v for k, v in row.items() if v is not None} for row in rows],
        "efforts": effort_rows,
        "same_files_and_pictures_on_all_threads": all(same),
        "times_faster_than_pvigier": {
            f"{row['mode']}, effort {row['effort']}": 2.4 / row["encode_s"] for row in small
        },
    }
    document = harness.record(
        "codec_speed",
        harness.plain(results),
        options,
        published=PUBLISHED,
        notes=[
            "encode: from pixels to the bytes of the file; decode: back; entropy_decode and"
            " reconstruct are its two halves, timed apart; threads 0: as many as there are cores",
            "a target in bpp or dB takes several attempts, a quality one",
            "published times are of other machines unless their source says otherwise",
        ],
    )
    shown = ["part", "name", "color", "mode", "effort", "threads", "bpp", "psnr_db", "encode_s"]
    shown += ["entropy_decode_s", "reconstruct_s", "decode_s"]
    parts = [row for row in rows if row["part"] != "effort"]
    texts = [harness.markdown_table(parts, shown)]
    texts.append(harness.markdown_table(effort_rows, list(effort_rows[0])))
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
