"""The compiled core beside another version of the package: start-up, times, memory, a peer.

    git worktree add ../before COMMIT && python -m venv ../old
    ../old/bin/pip install -c constraints.txt ../before
    python -m benchmarks.codec.core --data KODAK --before ../old/bin/python

Every measurement is a process of its own, of the interpreter of one version or the other, in turn.
A cold start is one with nothing compiled before (``NUMBA_CACHE_DIR`` is empty); a warm one finds
what the cold one left. Large pictures are mirrored tilings of the first one. AVIF at Pillow's speed
6 and about the same rate is the peer. Writes codec_core.json, with --before codec_core_before.json.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import harness
from benchmarks.codec.bjontegaard import bd_psnr, bd_rate, curve
from benchmarks.codec.photos import Photo, add_picture_options, load_photos, sides, tiled
from benchmarks.harness.types import Bytes

BPP = 0.5
BPPS = (0.15, 0.3, 0.6, 1.0)
MEGAPIXELS = (0.1, 0.4, 1.0, 2.0, 4.7, 20.0, 50.0)
THREADS = (1, 2)

LARGE = 2.5
"""Pictures of more megapixels are coded once, without a warm-up."""

MOST_BEFORE = 5.0
"""The other version codes no pictures of more megapixels."""

SELFSAME = ("-m", "selfsame")
REPLACE = ("--overwrite", "--quiet")
OPEN = "import selfsame; from PIL import Image; Image.open('a.ssm').load()"

COMMANDS: dict[str, tuple[str, ...]] = {
    "open in Pillow": ("-c", OPEN),
    "selfsame info": (*SELFSAME, "info", "a.ssm"),
    "selfsame decode": (*SELFSAME, "decode", "a.ssm", "-o", "b.png", *REPLACE),
    "selfsame render": (*SELFSAME, "render", "barnsley-fern", "-o", "c.png", *REPLACE),
    "selfsame encode": (*SELFSAME, "encode", "a.png", "-o", "d.ssm", "--bpp", "0.5", *REPLACE),
}

PEAK_MIB = "int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024"
"""``getrusage`` would count the process that started this one, too."""

PEAK = f"""
import runpy
try:
    runpy.run_module("selfsame", run_name="__main__")
except SystemExit as ended:
    assert not ended.code
print({PEAK_MIB})
"""

WORK = """
import io, json, os, sys, time
what, picture, file, *numbers = sys.argv[1:]
threads, runs = map(int, numbers)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])  # both versions look there
import numpy, selfsame
from selfsame.codes.store import pack, unpack
from PIL import Image
def timed(work):
    if runs > 1:
        work()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter(); work(); seconds.append(time.perf_counter() - begin)
    return sorted(seconds)[len(seconds) // 2]
found = {}
if what == "encode":
    pixels = numpy.asarray(Image.open(picture))
    data = []
    def encode():
        data[:] = [pack(selfsame.encode(pixels, bpp=BPP, threads=threads))]
    found["encode_s"] = timed(encode)
    open(file, "wb").write(data[0])
else:
    data = open(file, "rb").read()
    found["entropy_decode_s"] = timed(lambda: unpack(data))
    found["decode_s"] = timed(lambda: numpy.asarray(Image.open(io.BytesIO(data))))
found["peak_mib"] = PEAK_MIB
print(json.dumps(found))
""".replace("BPP", str(BPP)).replace("PEAK_MIB", PEAK_MIB)

RATES = """
import json, sys
import numpy, selfsame, selfsame.errors
from selfsame.codes.store import pack, unpack
from PIL import Image
curves = []
for picture in sys.argv[1:]:
    pixels = numpy.asarray(Image.open(picture))
    for bpp in BPPS:
        try:
            data = pack(selfsame.encode(pixels, bpp=bpp))
        except selfsame.errors.InputError:  # no file of this picture is so small
            continue
        shown = selfsame.decode(unpack(data))
        error = numpy.mean((numpy.rint(255 * shown) - pixels) ** 2)
        bits = 8 * len(data) / pixels[..., 0].size
        psnr = float(10 * numpy.log10(255**2 / error))
        curves.append([picture, bits, psnr])
print(json.dumps(curves))
""".replace("BPPS", str(BPPS))

START_COLUMNS = ("what", "before_cold_s", "before_warm_s", "cold_s", "warm_s")
SIZE_COLUMNS = (
    *("megapixels", "threads", "before_encode_s", "encode_s", "avif_encode_s"),
    *("before_decode_s", "decode_s", "avif_decode_s", "before_encode_mib", "encode_mib"),
    *("before_decode_command_mib", "decode_command_mib"),
    *("before_psnr_db", "psnr_db", "avif_psnr_db"),
)
RATE_COLUMNS = ("picture", "bd_rate_percent", "bd_psnr_db")


def seconds_of(python: str, arguments: Sequence[str], folder: Path, cache: Path) -> float:
    """Return the wall seconds of a process."""
    environment = os.environ | {"NUMBA_CACHE_DIR": os.fspath(cache)}
    begin = time.perf_counter()
    subprocess.run(
        [python, *arguments], cwd=folder, env=environment, check=True, capture_output=True
    )
    return time.perf_counter() - begin


def starts(pythons: dict[str, str], runs: int, folder: Path) -> list[dict[str, Any]]:
    """Return the seconds of whole processes, with nothing compiled before, and afterwards."""
    rows = []
    for what, arguments in COMMANDS.items():
        row: dict[str, Any] = {"what": what}
        for prefix, python in pythons.items():
            with tempfile.TemporaryDirectory() as cache:
                row[f"{prefix}cold_s"] = seconds_of(python, arguments, folder, Path(cache))
                again = [seconds_of(python, arguments, folder, Path(cache)) for _ in range(runs)]
            row[f"{prefix}warm_s"] = median(again)
        harness.say(", ".join(f"{key} {value}" for key, value in row.items()))
        rows.append(row)
    return rows


def work(python: str, what: str, folder: Path, threads: int, runs: int) -> dict[str, Any]:
    """Return what a process of one version finds of ``picture.png`` or its file."""
    arguments = [what, "picture.png", "picture.ssm", str(threads), str(runs)]
    command = [python, "-c", WORK, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def shown(python: str, folder: Path) -> float:
    """Decode ``picture.ssm`` on the command line; return the peak memory of that in MiB."""
    command = [python, "-c", PEAK, "decode", "picture.ssm", "-o", "shown.png", "--overwrite"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def rates(pythons: dict[str, str], photos: Sequence[Photo], folder: Path) -> list[dict[str, Any]]:
    """Return the Bjøntegaard deltas against the other version, by picture."""
    names = [f"{photo.name}.png" for photo in photos]
    for photo, name in zip(photos, names, strict=True):
        Image.fromarray(photo.rgb).save(folder / name)
    curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for prefix, python in pythons.items():
        command = [python, "-c", RATES, *names]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        own = curves[prefix] = {name: [] for name in names}
        for name, bpp, psnr in json.loads(done.stdout.splitlines()[-1]):
            own[name].append((bpp, psnr))
    rows = []
    for name in names:
        before, now = (
            curve([bpp for bpp, _ in points], [psnr for _, psnr in points])
            for points in (curves[prefix][name] for prefix in pythons)
        )
        row = {"picture": name, "bd_rate_percent": bd_rate(before, now)}
        rows.append(row | {"bd_psnr_db": bd_psnr(before, now)})
    return rows


def psnr_of(picture: Bytes, other: Bytes) -> float:
    """Return the PSNR of two pictures of bytes, in dB over all channels."""
    error = np.mean((picture.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / error))


def avif(pixels: Bytes, threads: int, runs: int, quality: int | None) -> dict[str, Any]:
    """Return times and PSNR of AVIF at a quality, by default that of ``BPP``, from below."""

    def encoded(quality: int) -> bytes:
        stream = io.BytesIO()
        image = Image.fromarray(pixels)
        image.save(stream, "AVIF", quality=quality, speed=6, max_threads=threads)
        return stream.getvalue()

    low, high = (0, 100) if quality is None else (quality, quality + 1)
    limit = BPP * pixels.shape[0] * pixels.shape[1] / 8
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(encoded(middle)) <= limit else (low, middle)
    data = encoded(low)

    def decoded() -> Bytes:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image)

    return {
        "avif_quality": low,
        "avif_bpp": 8 * len(data) / (pixels.shape[0] * pixels.shape[1]),
        "avif_encode_s": harness.measure(lambda: encoded(low), runs=runs).median_s,
        "avif_decode_s": harness.measure(decoded, runs=runs).median_s,
        "avif_psnr_db": psnr_of(pixels, decoded()),
    }


def size_row(
    pixels: Bytes,
    threads: int,
    pythons: dict[str, str],
    runs: int,
    folder: Path,
    qualities: list[int],
) -> dict[str, Any]:
    """Return times, memory and PSNR of one picture by both versions, and of the peer.

    Args:
        qualities: that AVIF had for smaller pictures of the same; large ones take the last.
    """
    row: dict[str, Any] = {
        "megapixels": round(pixels.shape[0] * pixels.shape[1] / 1e6, 2),
        "threads": threads,
    }
    Image.fromarray(pixels).save(folder / "picture.png", compress_level=1)
    is_large = row["megapixels"] > LARGE
    runs = 1 if is_large else runs
    for prefix, python in pythons.items():
        if prefix and row["megapixels"] > MOST_BEFORE:
            continue
        encoding = work(python, "encode", folder, threads, runs)
        row[f"{prefix}encode_s"] = encoding["encode_s"]
        row[f"{prefix}encode_mib"] = encoding["peak_mib"]
        size = (folder / "picture.ssm").stat().st_size
        row[f"{prefix}bpp"] = 8 * size / (pixels.shape[0] * pixels.shape[1])
        decoding = work(python, "decode", folder, threads, runs)
        row |= {f"{prefix}{key}": decoding[key] for key in ("entropy_decode_s", "decode_s")}
        row[f"{prefix}decode_command_mib"] = shown(python, folder)
        with Image.open(folder / "shown.png") as image:
            row[f"{prefix}psnr_db"] = psnr_of(pixels, np.asarray(image))
    row |= avif(pixels, threads, runs, qualities[-1] if is_large and qualities else None)
    qualities.append(row["avif_quality"])
    harness.say(", ".join(f"{k} {v:.3g}" for k, v in row.items() if isinstance(v, float)))
    return row


def main() -> None:
    """Measure, write."""
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument(
        "--before", metavar="PYTHON", help="the interpreter of another version [default: none]"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each measurement, after a warm-up")
    parser.add_argument("--megapixels", type=float, nargs="+", default=list(MEGAPIXELS))
    options = parser.parse_args()
    publish(measured(options), options)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the rows of both tables."""
    pythons = {"before_": os.path.abspath(options.before)} if options.before else {}
    pythons[""] = sys.executable
    photos = load_photos(options)
    photo = photos[0]
    runs, sizes = (1, [0.05]) if options.quick else (options.runs, options.megapixels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(photo.rgb).save(folder / "a.png")
        encode = ["-m", "selfsame", "encode", "a.png", "-o", "a.ssm", "--bpp", str(BPP)]
        subprocess.run([sys.executable, *encode], cwd=folder, check=True, capture_output=True)
        start_rows = starts(pythons, 2 * runs - 1, folder)
        qualities: list[int] = []
        size_rows = [
            size_row(
                tiled(photo.rgb, *sides(megapixels)), threads, pythons, runs, folder, qualities
            )
            for megapixels in sizes
            for threads in THREADS
        ]
        rate_rows = rates(pythons, photos, folder) if len(pythons) > 1 else []
    return {"starts": start_rows, "sizes": size_rows, "rates": rate_rows}


def publish(results: dict[str, Any], options: argparse.Namespace) -> None:
    """Write the JSON, print the tables."""
    notes = [
        "a start is the wall time of a whole process; cold: one run with nothing compiled before",
        "encode and decode are medians within a process, after a warm-up; decode is from the"
        " bytes of a file to bytes of pixels, by Pillow",
        "memory is the peak of a process: of one that encodes, and of `selfsame decode`",
        f"pictures above {LARGE:g} megapixels are coded once, without a warm-up",
        "AVIF: Pillow's, speed 6, the highest quality at or below the rate; for large pictures that"
        " of the one before",
    ]
    name = "codec_core_before" if options.before else "codec_core"
    document = harness.record(name, results, options, notes=notes)
    tables = [
        harness.markdown_table(results["starts"], START_COLUMNS),
        harness.markdown_table(results["sizes"], SIZE_COLUMNS),
        harness.markdown_table(results["rates"], RATE_COLUMNS),
    ]
    harness.publish(document, options, "\n\n".join(tables))


if __name__ == "__main__":
    harness.run(main)
