"""Packages of npm as `selfsame dataset emoji` reads them, with a handful of drawings."""

import json
from pathlib import Path
from typing import Any

RED_LEFT = '<path d="M0 0h16v32H0z" fill="#f00"/>'
"""The left half of a square of 32."""

FLUENT = {
    "prefix": "fluent-emoji-flat",
    "icons": {
        "left": {"body": RED_LEFT},
        "wide": {"body": '<path d="M0 0h64v32H0z" fill="#00f"/>', "width": 64},
        "nameless": {"body": RED_LEFT},
    },
    "aliases": {"right": {"parent": "left", "hFlip": True}, "again": {"parent": "right"}},
    "width": 32,
    "height": 32,
}
FLUENT_CHARACTERS = {
    "1f448": "left",
    "1f449": "again",
    "1f1e6": "wide",
    "e000": "nameless",
}
NOTO = {"icons": {"hand": {"body": '<circle cx="8" cy="8" r="4" fill="#0f0"/>'}}}
NOTO_CHARACTERS = {"1f448-fe0f": "hand", "1f448-1f3fe": "hand", "1f46d-1f3fb-1f3ff": "hand"}

DATA = [
    {
        "hexcode": "1F448",
        "label": "hand pointing left",
        "tags": ["hand", "point"],
        "group": 1,
        "subgroup": 20,
        "skins": [
            {"hexcode": "1F448-1F3FE", "label": "hand pointing left: medium-dark", "tone": 4},
            {"hexcode": "1F46D-1F3FB-1F3FF", "label": "two of two tones", "tone": [1, 5]},
        ],
    },
    {"hexcode": "1F449-FE0F", "label": "hand pointing right", "tags": ["hand"], "group": 1},
    {"hexcode": "1F1E6", "label": "regional indicator A"},
]
MESSAGES = {
    "groups": [{"order": 1, "message": "people & body"}],
    "subgroups": [{"order": 20, "message": "hands"}],
}


def write_packages(folder: Path, **files: Any) -> Path:
    """Write the packages into ``folder/node_modules`` and return that.

    Args:
        files: what some of the files hold instead: fluent, fluent_characters, noto,
            noto_characters, data, messages; bytes as they are, None for no such file.
    """
    places = {
        "fluent": ("@iconify-json/fluent-emoji-flat/icons.json", FLUENT),
        "fluent_characters": ("@iconify-json/fluent-emoji-flat/chars.json", FLUENT_CHARACTERS),
        "noto": ("@iconify-json/noto/icons.json", NOTO),
        "noto_characters": ("@iconify-json/noto/chars.json", NOTO_CHARACTERS),
        "data": ("emojibase-data/en/data.json", DATA),
        "messages": ("emojibase-data/en/messages.json", MESSAGES),
    }
    root = folder / "node_modules"
    for package in ("@iconify-json/fluent-emoji-flat", "@iconify-json/noto", "emojibase-data"):
        (root / package).mkdir(parents=True, exist_ok=True)
        (root / package / "package.json").write_text("{}")
    for name, (place, usual) in places.items():
        contents = files.get(name, usual)
        path = root / place
        path.parent.mkdir(exist_ok=True)
        if contents is not None:
            data = contents if isinstance(contents, bytes) else json.dumps(contents).encode()
            path.write_bytes(data)
    return root
