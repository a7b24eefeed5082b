"""Seconds of encoding at equal PSNR: the collage codec, COIN, full search; and what training costs.

A network looks at a picture once, where COIN trains one and full search compares all blocks. Ours
is timed twice: the pass of the network alone, and everything from pixels to the bytes of a file.
COIN's time is read off the log of its fit and never extrapolated: where it did not get as far as
ours, its time is a lower bound.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks import harness
from benchmarks.codec import search
from benchmarks.codec.photos import Photo, tiled
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.coin import trials as coin
from benchmarks.coin.plots import plot_progress
from benchmarks.collage.trials import Codec
from benchmarks.harness.types import Bytes, Row
from selfsame.codes import store
from selfsame.codes.render import decode
from selfsame.collage.code import CollageCode
from selfsame.collage.codec.decode import encode_picture
from selfsame.collage.codec.encode import encode
from selfsame.collage.network.model import STEP_SCALE, STEP_ZERO, CollageModel
from selfsame.collage.network.planes import pad_planes, planes_from_pictures
from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from selfsame.pifs.encoding.baseline import encode_baseline

PUBLISHED = search.PUBLISHED

SIDE, QUICK_SIDE = 512, 64
"""Of the square grey pictures that full search gets."""

SEARCHES = {"neural-collages-baseline": 32, "domains every 8 pixels": 8, "every pixel": 1}
"""Grids of the 32x32 domains that every 8x8 range is compared with: the preset, and larger pools.
The slower search finds better matches, so that ours has more to reach."""

SLOW_S = 5.0
"""A search that takes longer is timed once."""

SAME_BYTES = "COIN's bytes"
SAME_PSNR = "COIN's PSNR"

COIN_COLUMNS = (
    *("picture", "aim", "refine", "bpp", "psnr_db", "network_s", "encode_s", "COIN bpp"),
    *("COIN psnr_db", "COIN s", "reached", "times_faster", "network_times_faster"),
)
SEARCH_COLUMNS = (
    *("picture", "search", "refine", "bpp", "psnr_db", "network_s", "encode_s", "search bpp"),
    *("search psnr_db", "search s", "times_faster", "network_times_faster"),
)


def measure(
    used: Codec,
    name: str,
    photos: Sequence[Photo],
    whole: Sequence[Photo],
    options: argparse.Namespace,
) -> tuple[Row, list[str], list[str]]:
    """Return results, tables and notes.

    Args:
        name: of the model, for its card.
        photos: pictures for COIN. whole: those for full search, which takes their middle.
    """
    load_before = _load_average()
    coin_lines, logs, points = against_coin(used, photos, options)
    search_lines = against_search(used, whole, options)
    folder = harness.output_folder(options)
    if folder is not None:
        title = "COIN while it trains, and the collage codec (dots)"
        plot_progress(folder / "collage_speed.png", title, logs, points)
    results = {
        "reduced_by": options.reduce,
        "coin_learning_rate": options.coin_learning_rate,
        "against_coin": coin_lines,
        "against_search": search_lines,
        "median_times_faster": medians(coin_lines, search_lines),
        "training": training_pays(CollageModel.card_of(name), coin_lines, search_lines),
        "coin_logs": logs,
        "load_average_before_and_after": [load_before, _load_average()],
    }
    texts = [
        "Beside COIN, in seconds; reached no: COIN's are those spent in vain:",
        harness.markdown_table(coin_lines, COIN_COLUMNS),
        "Beside full search of 8x8 ranges and 32x32 domains, grey, in seconds:",
        harness.markdown_table(search_lines, SEARCH_COLUMNS),
        "Training:",
        harness.markdown_table(results["training"], list(results["training"][0])),
    ]
    notes = [
        "network_s: the pass of the network alone; encode_s: from pixels to the bytes of the file,"
        " the loading of the model not counted; medians of several runs after a warm-up",
        f"aim {SAME_BYTES}: our best file that is no larger than COIN's, and when COIN reached its"
        f" PSNR; aim {SAME_PSNR}: our smallest file as good as COIN's best, and when COIN reached"
        " that",
        "reached false: COIN never reached it in its steps, and its seconds are a lower bound",
        "COIN: steps of training alone, neither judging nor saving; same machine and threads",
        "full search at equal PSNR: our smallest file that is as good as its own; it is our search,"
        " much faster than the published one for the same task",
    ]
    return results, texts, notes


def against_coin(
    used: Codec, photos: Sequence[Photo], options: argparse.Namespace
) -> tuple[list[Row], dict[str, dict[str, Any]], dict[str, list[tuple[float, float]]]]:
    """Return a line per picture, rate, refinement and aim; the logs; our (seconds, PSNR) by rate.

    An aim that no file of ours meets has no line.
    """
    lines: list[Row] = []
    logs: dict[str, dict[str, Any]] = {}
    points: dict[str, list[tuple[float, float]]] = {}
    for photo in photos:
        for bpp in coin.rates(options):
            label = f"{bpp:g} bpp"
            theirs, found = coin.fit_photo(photo, bpp, options)
            logs.setdefault(photo.name, {})[label] = coin.log_of(found)
            for refine in dict.fromkeys((0, options.refine)):
                aims = {
                    SAME_BYTES: {"bytes": theirs["bytes"]},
                    SAME_PSNR: {"psnr": theirs["psnr_db"]},
                }
                for aim, target in aims.items():
                    ours = timed(used, photo.rgb, refine, target, options)
                    if ours is None:
                        harness.say(f"{photo.name} {label}: no file of {aim}")
                        continue
                    wanted = ours["psnr_db"] if aim == SAME_BYTES else found.psnr_db
                    reached = found.seconds_to(wanted)
                    line = {
                        "picture": photo.name,
                        "aim": aim,
                        **ours,
                        "COIN bpp": theirs["bpp"],
                        "COIN psnr_db": theirs["psnr_db"],
                    }
                    seconds = found.seconds if reached is None else reached
                    lines.append(
                        _compared(line, "COIN", seconds) | {"reached": reached is not None}
                    )
                    if aim == SAME_BYTES:
                        own = points.setdefault(label, [])
                        own.append((ours["encode_s"], ours["psnr_db"]))
                    harness.say(_told(lines[-1]))
    return lines, logs, points


def against_search(used: Codec, photos: Sequence[Photo], options: argparse.Namespace) -> list[Row]:
    """Return a line per picture, search and refinement: its file, and ours of the same PSNR."""
    side = QUICK_SIDE if options.quick else SIDE
    lines = []
    for photo in photos:
        grey = tiled(photo.pixels("grey"), side, side)
        for name, domain_step in SEARCHES.items():

            def work(grey: Bytes = grey, domain_step: int = domain_step) -> bytes:
                code = encode_baseline(grey, domain_step=domain_step, threads=options.threads)
                return store.pack(code)

            begin = time.perf_counter()
            data = work()  # the warm-up
            slow = time.perf_counter() - begin > SLOW_S
            timing = harness.measure(work, warm_up=0, runs=1 if slow else _runs(options))
            decoded = to_uint8(decode(store.unpack(data), threads=options.threads))
            reached = judge(grey, decoded).psnr_db
            for refine in dict.fromkeys((0, options.refine)):
                ours = timed(used, grey, refine, {"psnr": reached}, options)
                if ours is None:
                    harness.say(f"{photo.name}, {name}: no file of {reached:.2f} dB")
                    continue
                line = {
                    "picture": photo.name,
                    "search": name,
                    **ours,
                    "search bpp": bpp_of(data, grey),
                    "search psnr_db": reached,
                }
                lines.append(_compared(line, "search", timing.median_s))
                harness.say(_told(lines[-1]))
    return lines


def timed(
    used: Codec,
    pixels: Bytes,
    refine: int,
    target: dict[str, Any],
    options: argparse.Namespace,
) -> Row | None:
    """Return rate, PSNR and seconds of the file that meets a target; None if there is none.

    The search for the step that meets it is not timed: a user who wants a quality has its step.
    """
    common = {
        "model": used.model, "refine": refine, "seed": options.seed, "threads": options.threads
    }  # fmt: skip
    try:
        code = encode(pixels, **target, **common)
    except InputError:
        return None
    data = store.pack(code)
    decoded = to_uint8(decode(store.unpack(data), threads=options.threads))

    def whole() -> bytes:
        return store.pack(encode_picture(pixels, step=code.step, **common))

    runs = _runs(options) if refine == 0 else 1
    return {
        "refine": refine,
        "step": code.step,
        "bpp": bpp_of(data, pixels),
        "psnr_db": judge(pixels, decoded).psnr_db,
        "network_s": harness.measure(network_pass(used, pixels, code), runs=runs).median_s,
        "encode_s": harness.measure(whole, runs=runs, warm_up=min(1, runs - 1)).median_s,
    }


def network_pass(used: Codec, pixels: Bytes, code: CollageCode) -> Callable[[], object]:
    """Return the pass of the encoder's network over a picture, as work to measure."""
    channels = torch.tensor(pixels).float().div(255)
    channels = channels[None, None] if pixels.ndim == 2 else channels.permute(2, 0, 1)[None]
    planes = pad_planes(planes_from_pictures(channels))
    scale = torch.tensor([(code.step - STEP_ZERO) / STEP_SCALE])

    @torch.no_grad()
    def work() -> object:
        return used.model.encode(planes, scale)

    return work


def medians(coin_lines: Sequence[Row], search_lines: Sequence[Row]) -> list[Row]:
    """Return the median and least factors in speed, by rival, aim and refinement."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for line in coin_lines:
        groups.setdefault((line["aim"], line["refine"]), []).append(line)
    for line in search_lines:
        groups.setdefault((f"PSNR of full search, {line['search']}", line["refine"]), []).append(
            line
        )
    return [
        {
            "aim": aim,
            "refine": refine,
            "lines": len(lines),
            "lower_bounds": sum(not line.get("reached", True) for line in lines),
            **{
                f"{measure}_{kind}": function(line[measure] for line in lines)
                for measure in ("times_faster", "network_times_faster")
                for kind, function in (("median", statistics.median), ("least", min))
            },
        }
        for (aim, refine), lines in groups.items()
    ]


def training_pays(
    card: dict[str, Any], coin_lines: Sequence[Row], search_lines: Sequence[Row]
) -> list[Row]:
    """Return after how many pictures the seconds saved are those of training, by rival.

    Without refinement, median seconds of a picture; None where nothing is saved or the card does
    not say what training took.
    """
    seconds = card.get("training_seconds")
    result = []
    groups = {"COIN": [line for line in coin_lines if line["aim"] == SAME_PSNR]}
    for line in search_lines:
        groups.setdefault(f"full search, {line['search']}", []).append(line)
    for rival, lines in groups.items():
        # The rival's seconds are ours times the factor between them.
        saved = [
            line["encode_s"] * (line["times_faster"] - 1) for line in lines if not line["refine"]
        ]
        gain = statistics.median(saved) if saved else 0.0
        result.append(
            {
                "rival": rival,
                "training_s": seconds,
                "saved_s": gain,
                "pictures": seconds / gain if seconds is not None and gain > 0 else None,
            }
        )
    return result


def _compared(line: Row, rival: str, seconds: float) -> Row:
    return line | {
        f"{rival} s": seconds,
        "times_faster": seconds / line["encode_s"],
        "network_times_faster": seconds / line["network_s"],
    }


def _told(line: Row) -> str:
    return (
        f"{line['picture']} {line.get('aim', 'full search')} refine {line['refine']}: "
        f"{line['bpp']:.3f} bpp, {line['psnr_db']:.2f} dB, {line['encode_s']:.3g} s, "
        f"{line['times_faster']:.3g} times faster"
    )


def _runs(options: argparse.Namespace) -> int:
    return 1 if options.quick else 5


def _load_average() -> float:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
