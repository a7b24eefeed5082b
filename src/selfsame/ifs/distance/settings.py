"""The settings of a fit through distance maps, without torch."""

import math
import re
from dataclasses import dataclass
from typing import Annotated

from selfsame.checked import Checked, Range, Seed
from selfsame.errors import SettingError

MAX_COUNT = 256
MAX_LEAVES = 2_000_000
"""Most leaves of one recursion; their transforms are tabulated (about 100 bytes each)."""

Budget = Annotated[int, Range(0, 10_000_000)]


@dataclass(frozen=True)
class DistanceSettings(Checked):
    """What decides the result of a fit, apart from the pictures.

    ``selfsame.ifs.distance.layouts`` says what the layouts are.

    Attributes:
        layout: the starting maps, squares:n, segments:N, free:N or free:N:mirror.
        depth: levels of the recursion.
        steps, refine_steps, polish_evaluations: budgets of the three parts; 0 leaves one out.
        restarts: independent starts; the first of a layout of squares or segments is exactly
            the figure's geometry, the others are jittered. The best one is kept.
        seed: of the jitter and the search.
        threshold: the figure is where a picture exceeds this.
        levels: pooling levels of the distance loss, level l pooling 2**l pixels. None: 0 to 5
            as in the original, as far as the picture is large enough.
        anneal: share of the first phase during which the levels join, coarse to fine; 0 uses
            all from the start, as the original does.
        learning_rate: of Adam for positions, in picture widths per step.
        jitter: standard deviation of a restart's noise, in picture widths.
        prune: drop maps without which the loss is lower.
    Raises:
        InputError: a value out of its range, no such layout, or one of too many leaves.
    """

    layout: str = "squares:3"
    depth: Annotated[int, Range(1)] = 3
    steps: Budget = 300
    refine_steps: Budget = 150
    polish_evaluations: Budget = 1000
    restarts: Annotated[int, Range(1, 4096)] = 1
    seed: Seed = 0
    threshold: Annotated[float, Range(0, 1, open_high=True)] = 0.5
    levels: Annotated[tuple[int, ...], Range(0, 15)] | None = None
    anneal: Annotated[float, Range(0, 1)] = 0.3
    learning_rate: Annotated[float, Range(0, 1, open_low=True)] = 0.004
    jitter: Annotated[float, Range(0, 1)] = 0.02
    prune: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        layout = parse_layout(self.layout)
        check_leaves(layout.count, self.depth)
        object.__setattr__(self, "layout", str(layout))
        if self.levels is not None:
            if not self.levels:
                raise SettingError("levels must be one or more numbers: got none")
            object.__setattr__(self, "levels", tuple(sorted(set(self.levels))))


@dataclass(frozen=True)
class Layout:
    """A kind of layout and its number: cells per side, segments or maps."""

    kind: str
    number: int
    mirror: bool = False

    @property
    def count(self) -> int:
        """Number of maps at the start."""
        return self.number**2 if self.kind == "squares" else self.number

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}" + (":mirror" if self.mirror else "")


def parse_layout(text: str) -> Layout:
    """Return the layout that ``squares:3``, ``segments:4``, ``free:8`` ... names.

    Raises:
        InputError: another form, fewer than 2 maps or more than ``MAX_COUNT``.
    """
    match = re.fullmatch(r"(squares|segments|free):(\d{1,4})(:mirror)?", text)
    if not match or (match[3] and match[1] != "free"):
        raise SettingError(
            f"layout must be squares:n, segments:N, free:N or free:N:mirror: got {text!r}"
        )
    layout = Layout(match[1], int(match[2]), match[3] is not None)
    if not 2 <= layout.count <= MAX_COUNT:
        raise SettingError(f"layout {text!r} has {layout.count} maps; allowed are 2 to {MAX_COUNT}")
    return layout


def check_leaves(count: int, depth: int) -> None:
    """Raise ``InputError`` if ``count ** depth`` leaves are more than ``MAX_LEAVES``."""
    if depth < 0 or (count > 1 and depth * math.log(count) > math.log(MAX_LEAVES)):
        raise SettingError(
            f"{count} maps at depth {depth} make more than {MAX_LEAVES} leaves, or the depth "
            "is negative; use a smaller depth or fewer maps"
        )
