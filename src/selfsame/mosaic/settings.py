"""How a picture is made of copies of itself: settings alone, light to import."""

from dataclasses import dataclass
from typing import Annotated, Literal

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError

Turns = Literal["none", "mirror", "any"]
Share = Annotated[float, Range(0, 1)]

MAX_LEVELS = 6


@dataclass(frozen=True)
class Settings(Checked):
    """How a picture is made of copies; the defaults were chosen by eye.

    Attributes:
        patch: width of the largest patches in pixels; their height is in proportion, so that each
            shows all of the picture. None: a 16th of the picture.
        levels: how often a patch may be cut into four; stops at two pixels.
        patches: about how many patches, most of them where the details are. None: 8 for each of
            the largest size.
        strength: how plainly the copies show: least contrast of the finest ones, as far as black
            and white allow; 0 fits the picture best, 1 shows the copies best.
        fade: factor to that from each level to the next larger patches, which would be seen from
            afar.
        saturation: of the copies' own colours, 0 (tinted grey) to 1.
        tint: shading of a copy in grey (0) or along its patch's colour (1).
        turns: which isometries a copy may have. Mirrored neighbours grow together like a
            kaleidoscope, which is why ``none`` is the default.
        tones: what black and white become, so that there too a copy shows.
    """

    patch: Annotated[int, Range(1)] | None = None
    levels: Annotated[int, Range(0, MAX_LEVELS)] = 3
    patches: Annotated[int, Range(1)] | None = None
    strength: Share = 0.9
    fade: Share = 0.8
    saturation: Share = 0.7
    tint: Share = 0.75
    turns: Turns = "none"
    tones: tuple[Share, Share] = (0.07, 0.94)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tones[0] >= self.tones[1]:
            raise SettingError(f"tones must be black, then a lighter white: got {self.tones}")
