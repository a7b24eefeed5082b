"""Picture formats of everyday use through Pillow, as rate-distortion peers; published figures.

Grey is luma. JPEG, JPEG 2000 and AVIF have a grey mode; WebP has none, so it gets three equal
channels, and the luma of what it decodes counts.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, features

from benchmarks.harness.types import Bytes

MARGIN = 1.3
"""A ladder is climbed until a file has so many times the highest rate of interest."""

JPEG_QUALITIES = (*range(2, 10), 10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80, 88, 92, 95)
WEBP_QUALITIES = (0, 1, 2, 4, 7, 10, 15, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95)
AVIF_QUALITIES = (0, 4, 8, 12, 16, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 90)
JPEG_2000_RATES = (0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.62, 0.75, 0.87, 1.0, 1.3, 1.7)


class Peer(NamedTuple):
    """One format with one way to use it.

    Attributes:
        name: shown in tables.
        feature: what Pillow must have been built with.
        format: Pillow's name of it.
        ladder: settings, by rising rate.
        options: what Pillow's ``save`` gets for a setting and a number of channels.
        colors: ``grey``, ``color`` or both.
    """

    name: str
    feature: str
    format: str
    ladder: Sequence[float]
    options: Callable[[float, int], dict[str, Any]]
    colors: tuple[str, ...] = ("grey", "color")

    def encode(self, pixels: Bytes, setting: float) -> bytes:
        """Return the bytes of the file of a picture, (H, W) or (H, W, 3)."""
        image = Image.fromarray(pixels)
        if self.format == "WEBP":
            image = image.convert("RGB")
        channels = 1 if pixels.ndim == 2 else 3
        stream = io.BytesIO()
        image.save(stream, self.format, **self.options(setting, channels))
        return stream.getvalue()

    def decode(self, data: bytes, color: str) -> Bytes:
        """Return the picture in a file: luma (H, W) for ``grey``, (H, W, 3) for ``color``."""
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("L" if color == "grey" else "RGB"))


def _jpeg_2000(rate: float, channels: int) -> dict[str, Any]:
    return {
        "irreversible": True,
        "quality_mode": "rates",
        "quality_layers": [8 * channels / rate],
        # Without the colour transform, Pillow's default, JPEG 2000 loses 1.6 to 4.3 dB.
        "mct": int(channels == 3),
        "no_jp2": True,  # the bare code stream, 85 bytes less
    }


def _avif(subsampling: str) -> Callable[[float, int], dict[str, Any]]:
    def options(quality: float, channels: int) -> dict[str, Any]:
        chosen = "4:0:0" if channels == 1 else subsampling
        return {"quality": int(quality), "speed": 6, "subsampling": chosen}

    return options


PEERS = (
    Peer("JPEG", "jpg", "JPEG", JPEG_QUALITIES, lambda q, _: {"quality": int(q), "optimize": True}),
    Peer("JPEG 2000", "jpg_2000", "JPEG2000", JPEG_2000_RATES, _jpeg_2000),
    Peer("WebP", "webp", "WEBP", WEBP_QUALITIES, lambda q, _: {"quality": int(q), "method": 6}),
    Peer("AVIF", "avif", "AVIF", AVIF_QUALITIES, _avif("4:2:0")),
    Peer("AVIF 4:4:4", "avif", "AVIF", AVIF_QUALITIES, _avif("4:4:4"), ("color",)),
)


def available(color: str) -> list[Peer]:
    """Return the peers for ``grey`` or ``color`` that this Pillow can write."""
    return [p for p in PEERS if color in p.colors and features.check(p.feature)]


_FIASCO = "FIASCO (repaired pnmtofiasco), measured elsewhere on all 24 pictures of Kodak"
_ROY = "Roy et al. 2018, 512x512 Lena, grey, 0.60 bpp"
_COIN = "its authors, 24 pictures of Kodak, RGB"
_BINTREE = "fast_fractal_compression, its authors, colour Lena, no entropy coder"

PUBLISHED: tuple[dict[str, Any], ...] = (
    {"codec": "FIASCO", "color": "grey", "bpp": 0.1, "psnr_db": 26.29, "source": _FIASCO},
    {"codec": "FIASCO", "color": "grey", "bpp": 0.2, "psnr_db": 27.72, "source": _FIASCO},
    {"codec": "FIASCO", "color": "grey", "bpp": 0.3, "psnr_db": 28.44, "source": _FIASCO},
    {"codec": "FIASCO", "color": "color", "bpp": 0.1, "psnr_db": 25.14, "source": _FIASCO},
    {"codec": "Fisher", "bpp": 0.60, "psnr_db": 35.58, "encode_s": 2.2, "source": _ROY},
    {"codec": "Saupe", "bpp": 0.60, "psnr_db": 36.20, "encode_s": 13.2, "source": _ROY},
    {"codec": "HV, Roy et al.", "bpp": 0.60, "psnr_db": 37.67, "encode_s": 12.2, "source": _ROY},
    {"codec": "bintree", "bpp": 0.244, "psnr_db": 31.54, "encode_s": 3.8, "source": _BINTREE},
    {"codec": "bintree", "bpp": 0.442, "psnr_db": 33.66, "encode_s": 3.8, "source": _BINTREE},
    {"codec": "COIN", "color": "color", "bpp": 0.160, "psnr_db": 24.64, "source": _COIN},
    {"codec": "COIN", "color": "color", "bpp": 0.307, "psnr_db": 26.41, "source": _COIN},
    {"codec": "COIN", "color": "color", "bpp": 0.611, "psnr_db": 28.41, "source": _COIN},
    {"codec": "COIN++", "color": "color", "bpp": 0.132, "psnr_db": 24.93, "source": _COIN},
    {"codec": "COIN++", "color": "color", "bpp": 0.537, "psnr_db": 27.80, "source": _COIN},
    {"codec": "C3", "color": "color", "bpp": 0.232, "psnr_db": 30.59, "source": _COIN},
    {"codec": "C3", "color": "color", "bpp": 0.514, "psnr_db": 34.37, "source": _COIN},
    {"codec": "Cool-chic 5.0", "color": "color", "bpp": 0.219, "psnr_db": 30.86, "source": _COIN},
    {"codec": "Cool-chic 5.0", "color": "color", "bpp": 0.482, "psnr_db": 34.52, "source": _COIN},
)
"""Points of others beside ours; ``color`` is missing where the picture is not Kodak's."""
