"""How pictures are written as sets of maps, and drawn from them: settings, without torch."""

from dataclasses import dataclass
from typing import Annotated

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError

MOST_MAPS = 64


@dataclass(frozen=True)
class MapsConfig(Checked):
    """A space of sets of maps.

    Attributes:
        side: of the pictures, in pixels, at scale 1; even.
        maps: of a picture, at most.
        ink: pixels' worth of brightness that a map stands for; a picture of less ink has fewer
            maps, and each map of a picture draws about as much as those of the others.
        pen: bandwidth σ of a dot ``exp(-d²/σ)`` of the drawing, in pixels² at scale 1; it grows
            with the picture.
        density: dots for each pixel's worth of ink.
        steps: of the descent that fits the maps to a picture.
        rate: of the descent, at its start.
    Raises:
        InputError: a value out of its range, or an odd side.
    """

    side: Annotated[int, Range(8, 256)] = 28
    maps: Annotated[int, Range(1, MOST_MAPS)] = 24
    ink: Annotated[float, Range(0, 65536, open_low=True)] = 6.0
    pen: Annotated[float, Range(0.05, 100)] = 0.4
    density: Annotated[float, Range(0, 1000, open_low=True)] = 2.0
    steps: Annotated[int, Range(0, 10_000)] = 24
    rate: Annotated[float, Range(0, 1, open_low=True)] = 0.05

    @property
    def dots(self) -> float:
        """Dots of a drawing, for each map."""
        return self.density * self.ink

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side % 2:
            raise SettingError(f"side must be even: got {self.side}")
