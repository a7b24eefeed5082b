"""``selfsame dataset glyphs --from FONTS -o glyphs.npz``: letters and digits of many fonts."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from selfsame.cli.dataset.drawing import draw_to_file, drawn_options
from selfsame.run.progress import Progress


@click.command(short_help="Letters and digits of the fonts of a folder.")
@drawn_options(
    side=32,
    source="Folder of fonts, .ttf, .otf or .ttc, with its sub-folders.",
    kin="families of fonts",
)
def command(source: Path, output: Path, **options: Any) -> None:
    """Draw a-z, A-Z and 0-9 of every font of a folder, white on black, with what the font is.

    Fonts that lack some of these, draw symbols or nothing, or the same as another are left out.
    """
    from selfsame.datasets.drawn.drawing import DrawnSet
    from selfsame.datasets.drawn.glyphs import glyph_set

    reasons: Counter[str] = Counter()

    def make(progress: Progress) -> DrawnSet:
        return glyph_set(
            source, left_out=lambda _, reason: reasons.update([reason]), progress=progress
        )

    draw_to_file(make, output, options, left_out=reasons, rows="fonts")
