"""A row for each file of a codec, real bytes and the quality decoded from them; means, deltas."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks import harness
from benchmarks.codec import bjontegaard, peers
from benchmarks.codec.photos import Photo
from benchmarks.harness.kept import Table
from benchmarks.harness.types import Bytes, Row
from selfsame.metrics.pictures import psnr_db, ssim


class Quality(NamedTuple):
    """PSNR over all channels, and SSIM of the luma."""

    psnr_db: float
    ssim: float


def judge(original: Bytes, decoded: Bytes) -> Quality:
    """Return the quality of a decoded picture."""
    a, b = original / 255, decoded / 255
    return Quality(psnr_db(a, b), ssim(a, b))


def bpp_of(data: bytes, pixels: Bytes) -> float:
    """Return the bits per pixel of a file."""
    return len(data) * 8 / (pixels.shape[0] * pixels.shape[1])


KEYS = ("picture", "codec", "setting", "version")

COLUMNS = (*KEYS, "bytes", "bpp", "psnr_db", "ssim", "encode_ms", "decode_ms")


def measure_peers(
    photo: Photo, color: str, highest: float, table: Table, names: Sequence[str] | None = None
) -> list[Row]:
    """Add and return the rows of every peer, or of those with ``names``, up its ladder until
    ``highest`` bits per pixel are passed."""
    from PIL import __version__ as version

    pixels = photo.pixels(color)
    rows: list[Row] = []
    for peer in peers.available(color):
        if names is not None and peer.name not in names:
            continue
        row: Row | None = None
        for setting in peer.ladder:
            key = {
                "picture": photo.name,
                "codec": peer.name,
                "setting": setting,
                "version": version,
            }
            row = table.find(**key)
            if row is None:
                begin = time.perf_counter()
                data = peer.encode(pixels, setting)
                middle = time.perf_counter()
                picture = peer.decode(data, color)
                end = time.perf_counter()
                times = {
                    "encode_ms": (middle - begin) * 1000,
                    "decode_ms": (end - middle) * 1000,
                }
                row = table.add(key | judged(pixels, data, picture) | times)
            rows.append(row)
            if row["bpp"] > highest * peers.MARGIN:
                break
        if row:
            harness.say(told(row, color))
    return rows


def judged(pixels: Bytes, data: bytes, picture: Bytes) -> Row:
    """Return what a row says of a file and the picture decoded from it."""
    quality = judge(pixels, picture)
    return {"bytes": len(data), "bpp": bpp_of(data, pixels), **quality._asdict()}


def told(row: Row, color: str) -> str:
    """Return a row as a line of progress."""
    return (
        f"{row['picture']} {color} {row['codec']}: {row['bpp']:.3f} bpp, {row['psnr_db']:.2f} dB,"
        f" {row['encode_ms']:.0f} + {row['decode_ms']:.0f} ms"
    )


def by_picture(rows: Sequence[Row], codec: str) -> dict[str, list[Row]]:
    """Return the rows of one codec by picture, at rising rate."""
    found: dict[str, list[Row]] = {}
    for row in sorted((r for r in rows if r["codec"] == codec), key=lambda r: r["bpp"]):
        found.setdefault(row["picture"], []).append(row)
    return found


def means_at_rates(
    rows: Sequence[Row], codec: str, pictures: Sequence[str], rates: Sequence[float]
) -> list[Row]:
    """Return the mean PSNR and SSIM over the pictures at each rate, interpolated in each picture.

    A mean is None unless every picture's measured range holds the rate: a mean over those that
    happen to reach it would be one of easier pictures. ``pictures`` says how many do.
    """
    own = by_picture(rows, codec)
    result = []
    for rate in rates:
        row: Row = {"bpp": rate}
        for measure in ("psnr_db", "ssim"):
            values = [
                bjontegaard.value_at([r["bpp"] for r in of], [r[measure] for r in of], rate)
                for of in (own.get(name, []) for name in pictures)
            ]
            there = [value for value in values if value is not None]
            row["pictures"] = len(there)
            row[measure] = harness.mean(there) if len(there) == len(pictures) else None
        result.append(row)
    return result


def means_by_setting(rows: Sequence[Row], codec: str, pictures: Sequence[str]) -> list[Row]:
    """Return mean rate against mean PSNR and SSIM of every setting that all pictures have."""
    own = [row for row in rows if row["codec"] == codec]
    result = []
    for setting in dict.fromkeys(row["setting"] for row in own):
        of = [row for row in own if row["setting"] == setting]
        if len(of) == len(pictures):
            means = {m: harness.mean([r[m] for r in of]) for m in ("bpp", "psnr_db", "ssim")}
            result.append({"setting": float(setting), **means})
    return sorted(result, key=lambda row: row["bpp"])


def deltas(rows: Sequence[Row], codec: str, against: str, pictures: Sequence[str]) -> Row:
    """Return the Bjøntegaard deltas of ``codec`` against another: their mean over the pictures, and
    the worst and best picture."""
    curves = [
        {
            name: bjontegaard.curve([r["bpp"] for r in of], [r["psnr_db"] for r in of])
            for name, of in by_picture(rows, one).items()
        }
        for one in (against, codec)
    ]
    result: Row = {"codec": codec, "against": against}
    measures: Mapping[str, tuple[Callable[..., float | None], Callable[..., float]]] = {
        "bd_rate_percent": (bjontegaard.bd_rate, max),
        "bd_psnr_db": (bjontegaard.bd_psnr, min),
    }
    for label, (measure, worst) in measures.items():
        values = [measure(*(of.get(name) for of in curves)) for name in pictures]
        there = [value for value in values if value is not None]
        result[label] = harness.mean(there)
        result[f"{label}_worst"] = worst(there) if there else None
        result[f"{label}_best"] = (min if worst is max else max)(there) if there else None
        result[f"{label}_pictures"] = len(there)
    return result


def milliseconds(rows: Sequence[Row], codec: str, rates: Sequence[float]) -> Row:
    """Return median times over all pictures at settings within the rates of the tables."""
    own = [r for r in rows if r["codec"] == codec and min(rates) * 0.9 <= r["bpp"] <= max(rates)]
    return {
        f"{what}_ms": statistics.median(r[f"{what}_ms"] for r in own) if own else None
        for what in ("encode", "decode")
    }
