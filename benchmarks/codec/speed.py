"""Seconds and memory of the picture codec: threads, targets, efforts, cold starts, picture sizes.

    python -m benchmarks.codec.speed --data KODAK [--keep DIR]

Times are medians of several runs in one process after a warm-up. Every run of the command line is a
process of its own, and so is every point of the cost against picture size, so that its peak memory
is its own. Large pictures are mirrored tilings of the first one. Writes codec_speed.csv, plots of
time and memory against size and of rate against time by effort, and codec_speed.json.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import harness
from benchmarks.codec import bjontegaard
from benchmarks.codec.ours import MODES, codec_version
from benchmarks.codec.photos import COLORS, Photo, add_picture_options, load_photos, tiled
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.harness import plotting
from benchmarks.harness.kept import Table, kept_path
from benchmarks.harness.processes import in_new_process, peak_mib
from benchmarks.harness.types import Bytes, Row
from selfsame.errors import InputError

SIZE = (768, 512)
MEGAPIXELS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
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
    "encode_peak_mib",
    "decode_peak_mib",
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


def sides(megapixels: float) -> tuple[int, int]:
    """Return width and height, 3 to 2, of about so many million pixels, whole eights."""
    height = max(8, round(np.sqrt(megapixels * 1e6 / 1.5) / 8) * 8)
    return height * 3 // 2, height


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


def command_line(photo: Photo, table: Table, options: argparse.Namespace) -> None:
    """Add the times of ``selfsame encode`` and ``decode`` from a cold process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(tiled(photo.rgb, *options.size)).save(folder / "in.png")

        def call(*arguments: str) -> float:
            command = [sys.executable, "-m", "selfsame", *arguments, "--quiet", "--overwrite"]
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            return time.perf_counter() - begin

        for mode in MODES[:1] if options.quick else MODES:

            def work(mode: str = mode) -> Row:
                encode = ("encode", "in.png", "-o", "x.ssm", "--bpp", "0.5", "--mode", mode)
                decode = ("decode", "x.ssm", "-o", "out.png")
                # The first pair warms the disk's cache.
                runs = [(call(*encode), call(*decode)) for _ in range(options.runs + 1)][1:]
                encoding, decoding = np.array(runs).T
                return {
                    "pixels": options.size[0] * options.size[1],
                    "bpp": (folder / "x.ssm").stat().st_size
                    * 8
                    / (options.size[0] * options.size[1]),
                    "encode_s": float(np.median(encoding)),
                    "encode_min_s": float(encoding.min()),
                    "encode_max_s": float(encoding.max()),
                    "decode_s": float(np.median(decoding)),
                }

            kept(
                table, work,
                part="command line", name=f"{photo.name}, 0.5 bpp",
                color="color", mode=mode, effort=5, threads=0,
            )  # fmt: skip


def picture_sizes(photo: Photo, table: Table, options: argparse.Namespace) -> None:
    """Add seconds and peak memory against picture size, each in a process of its own."""
    for mode in MODES:
        for megapixels in options.megapixels:
            kept(
                table,
                lambda m=mode, mp=megapixels: _one_size(photo.rgb, mp, m, options.threads),
                part="size", name=f"{megapixels:g} megapixels",
                color="color", mode=mode, effort=5, threads=options.threads or 0,
            )  # fmt: skip


def _one_size(rgb: Bytes, megapixels: float, mode: str, threads: int | None) -> Row:
    row, data = in_new_process(_encode_size, rgb, megapixels, mode, threads)
    return row | in_new_process(_decode_size, rgb, data, threads)


def _encode_size(
    rgb: Bytes, megapixels: float, mode: str, threads: int | None
) -> tuple[Row, bytes]:
    """Encode a tiled picture in this process, which does nothing else; seconds and peak memory."""
    import selfsame
    from selfsame.codes import store

    _warm_up(rgb, mode)
    pixels = tiled(rgb, *sides(megapixels))
    begin = time.perf_counter()
    data = store.pack(selfsame.encode(pixels, mode=mode, threads=threads))  # type: ignore[arg-type]
    seconds = time.perf_counter() - begin
    row = {
        "pixels": pixels.shape[0] * pixels.shape[1],
        "bpp": bpp_of(data, pixels),
        "encode_s": seconds,
        "encode_peak_mib": peak_mib(),
    }
    return row, data


def _decode_size(rgb: Bytes, data: bytes, threads: int | None) -> Row:
    """Decode a file in this process; seconds and peak memory."""
    import selfsame
    from selfsame.codes import store

    _warm_up(rgb, "hybrid")
    begin = time.perf_counter()
    code = store.unpack(data)
    middle = time.perf_counter()
    selfsame.decode(code, threads=threads)
    end = time.perf_counter()
    return {
        "entropy_decode_s": middle - begin,
        "reconstruct_s": end - middle,
        "decode_s": end - begin,
        "decode_peak_mib": peak_mib(),
    }


def _warm_up(rgb: Bytes, mode: str) -> None:
    """Load and, if need be, compile what a small picture takes."""
    import selfsame
    from selfsame.codes import store

    small = tiled(rgb, 96, 96)
    data = store.pack(selfsame.encode(small, mode=mode))  # type: ignore[arg-type]
    selfsame.decode(store.unpack(data))


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


def plots(folder: Path, table: list[Row], effort_rows: list[Row]) -> None:
    """Write codec_size.png, codec_memory.png and codec_efforts.png."""
    of_size = [row for row in table if row["part"] == "size"]
    for name, columns, label in (
        ("codec_size", ("encode_s", "decode_s"), "seconds"),
        ("codec_memory", ("encode_peak_mib", "decode_peak_mib"), "peak resident memory, MiB"),
    ):
        lines = {
            f"{mode}, {column.split('_')[0]}": [
                (row["pixels"] / 1e6, row[column]) for row in of_size if row["mode"] == mode
            ]
            for mode in MODES
            for column in columns
        }
        plotting.plot_lines(
            folder / f"{name}.png", "colour, default effort", lines, "megapixels", label
        )
    lines = {
        mode: [
            (row["encode_s"], 100 + row["rate against effort 5, %"])
            for row in effort_rows
            if row["mode"] == mode and row["rate against effort 5, %"] is not None
        ]
        for mode in MODES
    }
    plotting.plot_lines(
        folder / "codec_efforts.png",
        "efforts 1 to 9",
        {mode: values for mode, values in lines.items() if values},
        "seconds to encode",
        "rate at equal PSNR, % of effort 5",
    )


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--runs", type=int, metavar="N", help="timed runs [default: 3]")
    parser.add_argument("--megapixels", type=float, nargs="+", help="[default: 0.1 … 20]")
    parser.add_argument("--efforts", type=int, nargs="+", choices=EFFORTS, metavar="1…9")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 3)
    options.targets = list(TARGETS)[:1] if options.quick else list(TARGETS)
    options.pictures = options.pictures or (1 if options.quick else 2)
    options.megapixels = options.megapixels or ((0.01, 0.03) if options.quick else MEGAPIXELS)
    options.efforts = options.efforts or ((1, 5) if options.quick else EFFORTS)
    options.size = (96, 64) if options.quick else SIZE
    photos = load_photos(options)
    table = Table(kept_path(options, "codec_speed.csv"), KEYS, COLUMNS)
    same = [default_effort(photo, table, options) for photo in photos]
    small_picture(photos[0], table, options)
    command_line(photos[0], table, options)
    effort_rows = efforts(photos, table, options)
    picture_sizes(photos[0], table, options)
    version = codec_version()
    rows = [row for row in table.rows.values() if row["version"] == version]
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "codec_speed.csv", rows, COLUMNS)
        plots(folder, rows, effort_rows)
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
            "command line: start of Python, reading and writing the picture included",
            "peak memory includes Python and a small picture coded before (warm-up)",
            "published times are of other machines unless their source says otherwise",
        ],
    )
    shown = ["part", "name", "color", "mode", "effort", "threads", "bpp", "psnr_db", "encode_s"]
    shown += ["entropy_decode_s", "reconstruct_s", "decode_s", "encode_peak_mib", "decode_peak_mib"]
    parts = [row for row in rows if row["part"] != "effort"]
    texts = [harness.markdown_table(parts, shown)]
    texts.append(harness.markdown_table(effort_rows, list(effort_rows[0])))
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
