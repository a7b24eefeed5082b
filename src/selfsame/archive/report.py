"""A table of the results of an archive, for a spreadsheet or a browser."""

import base64
import csv
import html
import io
import os
from pathlib import Path
from typing import Any

from PIL import Image

from selfsame.archive.encode import Archive
from selfsame.archive.listing import Entry
from selfsame.codes.settings import EncodeSettings
from selfsame.errors import SettingError
from selfsame.io.files import check_writable, write_bytes
from selfsame.run.ledger import NAME

THUMBNAILS = 200
"""Most rows of a page that show pictures: a decoding and about 8 KB of page each."""

THUMBNAIL_SIDE = 112

COLUMNS = (
    *("source", "output", "state", "width", "height", "source_bytes", "bytes", "bpp"),
    *("psnr_db", "ssim", "encode_seconds", "seconds", "notes"),
)


_BEGINNINGS = {
    ".html": '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
    '<meta name="generator" content="selfsame encode">',
    ".csv": ",".join(COLUMNS),
}
"""Of a report, by suffix: nobody else's files begin so."""


def is_report_of(path: str | os.PathLike[str], output: str | os.PathLike[str]) -> bool:
    """Return whether a file is a report, and ``output`` an archive that was begun before: a job
    that goes on writes its report anew."""
    beginning = _BEGINNINGS.get(Path(path).suffix.lower(), "").encode()
    if not beginning or not Path(path).is_file() or not (Path(output) / NAME).is_file():
        return False
    with open(path, "rb") as stream:
        return stream.read(len(beginning)) == beginning


def check_report(
    path: str | os.PathLike[str], output: str | os.PathLike[str], *, overwrite: bool
) -> None:
    """Raise ``InputError`` unless a report on the archive ``output``, which may be yet to be made,
    can be written there."""
    if Path(path).suffix.lower() not in _BEGINNINGS:
        raise SettingError(f"a report is written to .html or .csv: got {os.fspath(path)}")
    if Path(path).parent != Path(output) or Path(output).exists():
        check_writable(path, overwrite=overwrite)


def write_report(
    path: str | os.PathLike[str],
    archive: Archive,
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    settings: EncodeSettings,
    *,
    overwrite: bool = True,
) -> None:
    """Write a line per picture and the totals to ``.csv`` or ``.html``.

    The page needs no other file; it shows the first ``THUMBNAILS`` pictures before and after.

    Args:
        archive, folder, output, settings: result and arguments of ``encode_folder``.
    Raises:
        InputError: another suffix, or not writable.
    """
    check_report(path, output, overwrite=overwrite)
    if Path(path).suffix.lower() == ".csv":
        text = _csv(archive)
    else:
        text = _html(archive, Path(folder), Path(output), settings)
    write_bytes(path, text.encode(), overwrite=overwrite)


def _row(entry: Entry) -> dict[str, Any]:
    width, height = entry.get("size", ("", ""))
    notes = [*entry.get("notes", ()), *([entry["error"]] if "error" in entry else ())]
    return {
        **{key: entry.get(key, "") for key in COLUMNS},
        "width": width,
        "height": height,
        "psnr_db": entry.get("psnr", ""),
        "notes": "; ".join(notes),
    }


def _csv(archive: Archive) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_row(entry) for entry in archive.entries)
    totals = archive.totals()
    sums = {key: totals[key] for key in ("source_bytes", "bytes", "bpp", "ssim", "encode_seconds")}
    seconds = round(sum(entry["seconds"] for entry in archive.done), 4)
    writer.writerow(
        {"source": "total or mean", "psnr_db": totals["psnr"], "seconds": seconds, **sums}
    )
    return text.getvalue()


_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
p.settings { color: var(--dim); margin: .2rem 0 1.5rem; }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 0 0 1.5rem; }
dt { color: var(--dim); font-size: .85rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th { color: var(--dim); font-weight: normal; font-size: .85rem; position: sticky; top: 0;
     background: Canvas; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: right;
         font-variant-numeric: tabular-nums; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
td.name { overflow-wrap: anywhere; }
td.name small { color: var(--dim); display: block; }
td.pair { white-space: nowrap; line-height: 0; }
td.pair img { margin-right: .25rem; vertical-align: middle; }
tr.failed { color: #c33; }
"""


def _html(archive: Archive, folder: Path, output: Path, settings: EncodeSettings) -> str:
    totals = archive.totals()
    figures = [("pictures", f"{len(archive.done)}")]
    if archive.failed:
        figures.append(("failed", f"{len(archive.failed)}"))
    if archive.done:
        ratio = totals["source_bytes"] / totals["bytes"]
        figures += [
            ("bytes", f"{totals['bytes']:,}"),
            ("of the originals' files", f"1 / {ratio:.1f}"),
            ("bits per pixel", f"{totals['bpp']:.3f}"),
            ("mean PSNR", f"{totals['psnr']:.2f} dB"),
            ("mean SSIM", f"{totals['ssim']:.4f}"),
            ("encoding", f"{totals['encode_seconds']:,.1f} s"),
        ]
    name = html.escape(str(output))
    chosen = ", ".join(f"{key} {value}" for key, value in settings.as_dict().items())
    headings = ["before, after", "picture", "size", "bytes", "bpp", "PSNR dB", "SSIM", "seconds"]
    rows = [
        _html_row(entry, folder, output, shown=i < THUMBNAILS)
        for i, entry in enumerate(archive.entries)
    ]
    return "\n".join(
        [
            _BEGINNINGS[".html"],
            f"<title>{name}</title>",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body>",
            f'<h1>{name}</h1><p class="settings">{html.escape(chosen)}</p>',
            "<dl>",
            *(f"<div><dt>{what}</dt><dd>{value}</dd></div>" for what, value in figures),
            "</dl>",
            "<table><thead><tr>",
            *(f"<th>{heading}</th>" for heading in headings),
            "</tr></thead><tbody>",
            *rows,
            "</tbody></table></body></html>\n",
        ]
    )


def _html_row(entry: Entry, folder: Path, output: Path, *, shown: bool) -> str:
    row = _row(entry)
    name = html.escape(entry["source"])
    if row["notes"]:
        name += f"<small>{html.escape(row['notes'])}</small>"
    cells = ['<td class="pair">', "</td>", f'<td class="name">{name}</td>']
    if entry["state"] != "done":
        return f'<tr class="failed">{"".join(cells)}{"<td></td>" * 6}</tr>'
    if shown:
        cells[0] += _thumbnail(folder / entry["source"]) + _thumbnail(output / entry["output"])
    values = [
        f"{row['width']}×{row['height']}",
        f"{row['bytes']:,}",
        f"{row['bpp']:.3f}",
        f"{row['psnr_db']:.2f}",
        f"{row['ssim']:.4f}",
        f"{row['encode_seconds']:.2f}",
    ]
    return f"<tr>{''.join(cells)}{''.join(f'<td>{value}</td>' for value in values)}</tr>"


def _thumbnail(path: Path) -> str:
    """Return an ``img`` element that contains a small version of a picture or code."""
    from PIL import ImageOps

    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
            image = ImageOps.exif_transpose(opened)
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
    except OSError:  # it was exchanged since; the row stays
        return ""
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=80)
    data = base64.b64encode(stream.getvalue()).decode()
    width, height = image.size
    return f'<img width="{width}" height="{height}" alt="" src="data:image/webp;base64,{data}">'
