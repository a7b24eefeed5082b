"""``selfsame dataset emoji --from node_modules -o emoji.npz``: captioned emoji in two styles."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.dataset.drawing import draw_to_file, drawn_options


@click.command(short_help="Emoji in two styles, with captions: from packages of npm.")
@drawn_options(
    side=64,
    source="Folder node_modules with @iconify-json/fluent-emoji-flat, @iconify-json/noto and "
    "emojibase-data.",
    kin="concepts, whatever gender and skin tone,",
)
@click.option(
    "--languages",
    metavar="LANGUAGE[,LANGUAGE]",
    help="Of captions and tags, besides English: such as de,ja, or all.",
)
def command(source: Path, output: Path, languages: str | None, **options: Any) -> None:
    """Draw emoji, on white, with captions, tags, groups and styles.

    npm install @iconify-json/fluent-emoji-flat @iconify-json/noto emojibase-data makes what
    --from reads.
    """
    from selfsame.datasets.drawn.emoji import emoji_set

    chosen = "all" if languages == "all" else languages.split(",") if languages else ()
    draw_to_file(lambda _: emoji_set(source, chosen), output, options)
