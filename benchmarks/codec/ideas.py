"""What each idea of the picture codec brought: dB at equal rate, one row an idea, on against off.

    python -m benchmarks.codec.ideas --data KODAK --pictures 4 [--keep DIR]

Every variant of the codec (variants.py) encodes at a few fixed qualities, without rate
control; the Bjøntegaard delta of the two curves, with and without the idea, over 0.1 to 1 bpp is
its row. Ideas overlap, so the rows do not add up. Context mixing is compiled in and has no variant.
"""

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import harness
from benchmarks.codec import bjontegaard, variants
from benchmarks.codec.ours import MODES, codec_version
from benchmarks.codec.photos import COLORS, Photo, add_picture_options, load_photos
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.codec.variants import AS_IS, VARIANTS
from benchmarks.harness import plotting
from benchmarks.harness.kept import Table, kept_path

QUALITIES = (5.0, 30.0, 55.0, 80.0)
QUICK_QUALITIES = (40.0, 70.0)

KEYS = ("picture", "color", "mode", "variant", "quality", "version")
COLUMNS = (*KEYS, "bytes", "bpp", "psnr_db", "ssim")
ROWS_CSV = "codec_ideas_rows.csv"


class Idea(NamedTuple):
    """One row: the codec ``on`` against the codec ``off``, both names of variants."""

    name: str
    off: str
    on: str = AS_IS
    colors: tuple[str, ...] = COLORS
    modes: tuple[str, ...] = MODES


IDEAS = (
    Idea("blocks of many sizes (against 8×8 only)", "blocks 8×8 only"),
    Idea("rectangular blocks", "square blocks"),
    Idea("blocks of 64 pixels", "blocks up to 32"),
    Idea("blocks of 32 and 64 pixels", "blocks up to 16"),
    Idea("blocks of 4 pixels", "blocks from 8"),
    Idea("models trained on photographs", "untrained"),
    Idea("quantisation by rate-distortion (against a dead zone)", "dead zone"),
    Idea("quantisation by rate-distortion (against rounding)", "rounding"),
    Idea("slopes of blocks (against means)", "means only", modes=("pure",)),
    Idea("maps, all kinds", "no maps"),
    Idea("maps within a plane", "no maps within a plane", colors=("color",)),
    Idea("maps from luma to chroma", "no luma maps", colors=("color",)),
    Idea("near maps (window maps stay)", "no near maps", modes=("pure",)),
    Idea("window maps (near maps stay)", "no window maps", modes=("pure",)),
    Idea("window maps in hybrid (not default)", AS_IS, "window maps", modes=("hybrid",)),
    Idea("attractor optimised (against its collage)", "collage"),
    Idea("deblocking", "no deblocking"),
    Idea("chroma resolution chosen (against 4:2:0)", "always 4:2:0", colors=("color",)),
    Idea("chroma resolution chosen (against 4:4:4)", "always 4:4:4", colors=("color",)),
)


def measure(
    photo: Photo, color: str, mode: str, name: str, quality: float, options: argparse.Namespace
) -> dict[str, Any]:
    """Return rate and quality of a picture through one variant of the codec."""
    from selfsame.codes import store
    from selfsame.io.pictures import to_uint8
    from selfsame.pifs.decoding.decode import decode
    from selfsame.pifs.encoding.encode import encode

    variant, pixels = VARIANTS[name], photo.pixels(color)
    with variants.within(variant):
        code = encode(pixels, quality=quality, mode=mode, threads=options.threads)  # type: ignore[arg-type]
        code = variant.finish(code)
        data = store.pack(code)
        # From the file, as ever: a variant that writer and reader do not share fails here.
        picture = to_uint8(decode(store.unpack(data), threads=options.threads))
    judged = judge(pixels, picture)
    return {"bytes": len(data), "bpp": bpp_of(data, pixels), **judged._asdict()}


def measure_all(
    photos: Sequence[Photo],
    ideas: Sequence[Idea],
    variants: Sequence[str],
    table: Table,
    options: argparse.Namespace,
) -> None:
    """Add the rows that the ideas need and the table lacks, of the variants named."""
    wanted: dict[tuple[str, str, str], None] = {}
    for idea in ideas:
        for name in (idea.on, idea.off):
            if name in variants:
                wanted |= dict.fromkeys((c, m, name) for c in idea.colors for m in idea.modes)
    for photo in photos:
        for color, mode, name in wanted:
            if color not in options.colors:
                continue
            found = []
            for quality in options.qualities:
                key = key_of(photo, color, mode, name, quality)
                row = table.find(**key)
                if row is None:
                    row = table.add(key | measure(photo, color, mode, name, quality, options))
                found.append(f"{row['bpp']:.3f} bpp {row['psnr_db']:.2f} dB")
            harness.say(f"{photo.name} {color} {mode}, {name}: {', '.join(found)}")


def key_of(photo: Photo, color: str, mode: str, name: str, quality: float) -> dict[str, Any]:
    """Return what names a row of the table."""
    return {
        "picture": photo.name,
        "color": color,
        "mode": mode,
        "variant": name,
        "quality": quality,
        "version": codec_version(),
    }


def idea_row(
    idea: Idea, photos: Sequence[Photo], table: Table, options: argparse.Namespace
) -> dict[str, Any]:
    """Return the deltas of an idea by colour and mode: mean over the pictures, None without any."""
    row: dict[str, Any] = {"idea": idea.name, "on": idea.on, "off": idea.off}
    for color in options.colors:
        for mode in MODES:
            gains, savings = [], []
            for photo in photos if color in idea.colors and mode in idea.modes else ():
                curves = []
                for name in (idea.off, idea.on):
                    rows = [
                        table.find(**key_of(photo, color, mode, name, q)) for q in options.qualities
                    ]
                    there = [r for r in rows if r is not None]
                    curves.append(
                        bjontegaard.curve([r["bpp"] for r in there], [r["psnr_db"] for r in there])
                    )
                gains.append(bjontegaard.bd_psnr(*curves))
                savings.append(bjontegaard.bd_rate(*curves))
            label = f"{mode} {color}"
            row[f"{label}, dB"] = harness.mean([g for g in gains if g is not None])
            row[f"{label}, % of rate"] = harness.mean([s for s in savings if s is not None])
            row[f"{label}, pictures"] = sum(g is not None for g in gains)
    return row


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--qualities", type=float, nargs="+", metavar="Q", help="[default: 5 … 80]")
    parser.add_argument("--colors", nargs="+", choices=COLORS, default=list(COLORS))
    parser.add_argument("--variants", nargs="+", metavar="NAME", help="only these are measured")
    options = parser.parse_args()
    options.qualities = options.qualities or (QUICK_QUALITIES if options.quick else QUALITIES)
    options.pictures = options.pictures or (1 if options.quick else 4)
    photos = load_photos(options)
    chosen = options.variants or list(VARIANTS)
    table = Table(kept_path(options, ROWS_CSV), KEYS, COLUMNS)
    measure_all(photos, IDEAS, chosen, table, options)
    rows = [
        idea_row(idea, photos, table, options)
        for idea in IDEAS
        if {idea.on, idea.off} <= set(chosen)
    ]
    labels = [f"{mode} {color}" for color in options.colors for mode in MODES]
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "codec_ideas.csv", rows, list(rows[0]))
        version, names = codec_version(), [photo.name for photo in photos]
        measured = [
            row
            for row in table.rows.values()
            if row["version"] == version and row["picture"] in names
        ]
        harness.write_csv(folder / ROWS_CSV, measured, COLUMNS)
        bars = {
            row["idea"]: {
                label: row[f"{label}, dB"] for label in labels if row[f"{label}, dB"] is not None
            }
            for row in rows
        }
        plotting.plot_bars(
            folder / "codec_ideas.png", "what each idea brings", bars, labels, "dB at equal rate"
        )
    results = {
        "pictures": [photo.name for photo in photos],
        "qualities": list(options.qualities),
        "ideas": rows,
    }
    document = harness.record(
        "codec_ideas",
        harness.plain(results),
        options,
        notes=[
            "mean over the pictures of the Bjøntegaard delta over 0.1 to 1 bpp, on against off,"
            " default effort; positive dB and negative % of rate are gains",
            "blocks: excluded shapes cost more than anybody pays, but the split flags of the format"
            " remain; untrained: only coding starts anew, the encoder estimates as ever",
            "ideas overlap and do not add up",
        ],
    )
    columns = ["idea", *(f"{label}, dB" for label in labels)]
    harness.publish(document, options, harness.markdown_table(rows, columns))


if __name__ == "__main__":
    harness.run(main)
