"""Emoji in several styles, with captions: drawn from packages of npm.

A concept is what an emoji means, its code points; a style is how somebody draws it. The same
concept in two styles is a pair.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from selfsame.datasets.columns import CAPTIONS, TAGS
from selfsame.datasets.drawn.drawing import DrawnSet
from selfsame.datasets.drawn.icons import check_packages, concept_of, entry, read_icons, read_json
from selfsame.datasets.drawn.svg import draw_svg
from selfsame.datasets.pictures import Bytes
from selfsame.errors import CorruptedError, InputError

STYLES = {"fluent-flat": "@iconify-json/fluent-emoji-flat", "noto": "@iconify-json/noto"}
"""Style -> its package: Microsoft's (MIT) and Google's (Apache-2.0)."""

NAMES = "emojibase-data"
"""The package of captions, tags and groups (MIT)."""

ENGLISH = "en"

MIXED_TONES = 9
"""``skin_tones`` of several people of different tones; 0 is none, 1 light to 5 dark."""


_ALIKE = {
    **dict.fromkeys(("1f468", "1f469"), "1f9d1"),  # man, woman: adult
    **dict.fromkeys(("1f466", "1f467"), "1f9d2"),  # boy, girl: child
    **dict.fromkeys(("1f474", "1f475"), "1f9d3"),  # old man, old woman: older adult
}
_PASSED_OVER = {"200d", "fe0f", "2640", "2642", *(f"1f3f{tone}" for tone in "bcdef")}
"""Joiner, variation, female, male, and skin tones."""


class _Meaning(NamedTuple):
    """What is known of a concept; the names of the fields are those of the columns."""

    captions: str
    tags: str
    groups: str
    subgroups: str
    skin_tones: int


def emoji_set(
    folder: str | os.PathLike[str], languages: Sequence[str] | Literal["all"] = ()
) -> DrawnSet:
    """Return all emoji that have a caption, style by style, each sorted by concept.

    Columns: ``styles``, ``concepts``, ``captions``, ``tags`` (words), ``groups``, ``subgroups``,
    ``skin_tones``; of a language ``de`` also ``captions_de`` and ``tags_de``, "" where there are
    none. They are drawn on white: the drawings leave their surroundings transparent.

    Args:
        folder: npm's ``node_modules``, or the folder that it lies in.
        languages: besides English, such as ``"de"`` or ``"zh-hant"``.
    Raises:
        InputError: a package is missing, or a language that it does not have.
        FormatError: a package is damaged.
    """
    place = check_packages(Path(folder), (*STYLES.values(), NAMES))
    meanings = _read_meanings(place / NAMES / ENGLISH)
    icons = {style: read_icons(place / package) for style, package in STYLES.items()}
    rows = [
        (style, concept)
        for style, icon_set in icons.items()
        for concept in sorted(icon_set.names)
        if concept in meanings
    ]
    if not rows:
        raise InputError(f"{folder} has no emoji with a caption: the packages do not fit together")
    known = [meanings[concept] for _, concept in rows]
    columns = {
        "styles": np.array([style for style, _ in rows]),
        "concepts": np.array([concept for _, concept in rows]),
    } | {name: np.array([getattr(each, name) for each in known]) for name in _Meaning._fields}
    for language in _chosen(languages, place / NAMES):
        said = _read_meanings(place / NAMES / language)
        none = _Meaning("", "", "", "", 0)
        for name in (CAPTIONS, TAGS):
            texts = [getattr(said.get(concept, none), name) for _, concept in rows]
            columns[f"{name}_{language}"] = np.array(texts)

    def picture(row: int, side: int) -> Bytes:
        style, concept = rows[row]
        return draw_svg(icons[style].document(concept), side, f"{style}, {concept}")

    kin = np.array([kin_of(concept) for _, concept in rows])
    return DrawnSet(columns, ("styles", "concepts"), kin, 3, picture)


def _chosen(languages: Sequence[str] | Literal["all"], folder: Path) -> list[str]:
    """Return the languages that are asked for, of those in a folder."""
    there = sorted(
        path.parent.name
        for path in folder.glob("*/data.json")
        if (path.parent / "messages.json").exists() and path.parent.name != ENGLISH
    )
    if languages == "all":
        return there
    for language in languages:
        if language not in there:
            raise InputError(f"{folder} has no language {language!r}: {', '.join(there)}")
    return list(languages)


def _read_meanings(folder: Path) -> dict[str, _Meaning]:
    """Return what emojibase knows of each concept."""
    data, messages = (read_json(folder / name) for name in ("data.json", "messages.json"))
    what = str(folder / "data.json")
    if not isinstance(data, list):
        raise CorruptedError(f"{what} must hold a list")
    groups, subgroups = (_messages(messages, kind, folder) for kind in ("groups", "subgroups"))
    meanings = {}
    for parent in data:
        tags = parent.get("tags", []) if isinstance(parent, dict) else []
        words = " ".join(map(str, tags)) if isinstance(tags, list) else ""
        group, subgroup = (
            names.get(str(parent.get(key)), "") if isinstance(parent, dict) else ""
            for names, key in ((groups, "group"), (subgroups, "subgroup"))
        )
        for emoji in _with_skins(parent, what):
            concept = concept_of(entry(emoji, "hexcode", str, what), what)
            caption = entry(emoji, "label", str, what)
            meanings[concept] = _Meaning(caption, words, group, subgroup, _tone(emoji))
    return meanings


def _with_skins(parent: Any, what: str) -> Iterator[Any]:
    yield parent
    skins = parent.get("skins", []) if isinstance(parent, dict) else []
    if not isinstance(skins, list):
        raise CorruptedError(f"{what} has no list of skins: {str(skins)[:40]}")
    yield from skins


def _tone(emoji: Any) -> int:
    """Return the skin tone of an emoji; see ``MIXED_TONES``."""
    tone = emoji.get("tone", 0)
    if isinstance(tone, list):
        return tone[0] if len(set(map(str, tone))) == 1 and type(tone[0]) is int else MIXED_TONES
    return tone if type(tone) is int and 0 <= tone < MIXED_TONES else 0


def _messages(messages: Any, kind: str, folder: Path) -> dict[str, str]:
    """Return the names of groups by their numbers."""
    what = str(folder / "messages.json")
    return {
        str(entry(group, "order", int, what)): entry(group, "message", str, what)
        for group in entry(messages, kind, list, what)
    }


def kin_of(concept: str) -> str:
    """Return what a concept has in common with those of other genders and skin tones."""
    return "-".join(_ALIKE.get(c, c) for c in concept.split("-") if c not in _PASSED_OVER)
