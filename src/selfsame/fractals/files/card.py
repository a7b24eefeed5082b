"""What lies beside the pictures: the classes and their parameters, labels, and a card to read."""

import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_arrays

from selfsame.fractals.files.layout import SPLITS, Layout
from selfsame.fractals.files.shards import shown_classes
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.recipes.presets import PRESETS
from selfsame.version import __version__

_FOLDER = """\
Pictures are PNG files in one folder per class, `{example}`: label, then instance. `torchvision`'s
`ImageFolder` and Hugging Face's `imagefolder` read them as they are.
"""

_WEBDATASET = """\
Pictures lie in tar files, `{example}`, in an order drawn from the seed: `INDEX.png` beside
`INDEX.cls`, the label. The index is label × {instances} + instance. The `webdataset` package reads
them as they are.
"""

_CARD = """\
# {name}: {classes} classes of {instances} fractals

{description}. {pictures} pictures of {side}×{side} pixels, {kind}.{source}

| option | value |
|---|---|
{options}

## Files

{files}
- `classes.safetensors`: the systems of all classes, {arrays}; padded with zeros beyond `counts`.
- `classes.json`: the same as text, a line per class.
- `dataset.json`: all that the pictures depend on, and the number of pictures in every split.
- `ledger.jsonl`: of every shard of the work the pictures, the bytes and their SHA-256{digest}.

## How it was made

By Selfsame {version}, `selfsame dataset {name}`, from random numbers alone. Every picture is a
pure function of the options above and its index: the same command makes the same bytes on the same
build.

## Licence

Selfsame's authors claim no rights in what it draws. The data set is its maker's, who may
release it under CC0 1.0, for example; add what holds here.
"""


def card(recipe: Recipe, layout: Layout, counts: dict[str, int]) -> str:
    """Return the text of the card, Markdown.

    Args:
        counts: pictures of each split.
    """
    preset = PRESETS[recipe.name]
    options = {"seed": recipe.seed, **recipe.options()}
    split = "" if layout.split is None else f"{SPLITS[0]}/"
    if layout.format == "folder":
        files = _FOLDER.format(example=f"{split}00000/00000.png")
        digest = " (of the lines that `sha256sum` prints for its files)"
    else:
        files = _WEBDATASET.format(example=f"{split}000000.tar", instances=recipe.instances)
        digest = ""
    if layout.split is not None:
        parts = ", ".join(f"{name} ({n} pictures)" for name, n in counts.items())
        files += f"Split by instance, every class in the same shares: {parts}.\n"
    if recipe.multi_label:
        files += _LABELS[layout.format]
    shapes = ", ".join(
        f"`{name}` ({' × '.join(map(str, array.shape))})"
        for name, array in recipe.class_parameters().items()
    )
    return _CARD.format(
        name=recipe.name,
        classes=recipe.classes,
        instances=recipe.instances,
        description=preset.description[:1].upper() + preset.description[1:],
        source=f" Source: {preset.source}." if preset.source else "",
        pictures=len(recipe),
        side=recipe.side,
        kind="grey" if recipe.channels == 1 else "sRGB",
        options="\n".join(f"| {key} | {json.dumps(value)} |" for key, value in options.items()),
        files=files,
        arrays=shapes,
        digest=digest,
        version=__version__,
    )


_LABELS = {
    "folder": "A picture shows fractals of several classes and lies with the first of them;\n"
    "`labels.jsonl` has the classes of each.\n",
    "webdataset": "A picture shows fractals of several classes: `INDEX.json` has all of them,\n"
    "`INDEX.cls` the first.\n",
}


def class_files(recipe: Recipe) -> dict[str, bytes]:
    """Return the contents of ``classes.safetensors`` and ``classes.json`` by name."""
    arrays = recipe.class_parameters()
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    lines = ",\n".join(
        json.dumps({"label": label, "maps": count, **recipe.systems.described(label)})
        for label, count in enumerate(recipe.systems.counts.tolist())
    )
    return {
        "classes.safetensors": save_arrays(contiguous),
        "classes.json": f"[\n{lines}\n]\n".encode(),
    }


def label_lines(recipe: Recipe, names: list[str], indices: NDArray[np.int64]) -> Iterator[str]:
    """Yield a line of JSON for each picture: its file and the classes it shows."""
    for name, labels in zip(names, shown_classes(recipe, indices), strict=True):
        yield json.dumps({"file": name, "labels": labels}) + "\n"
