"""The fourth family: mosaics, pictures made of copies of themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import SettingError
from selfsame.family import Description, Picture, Run, View
from selfsame.limits import MAX_PIXELS
from selfsame.mosaic import chunks
from selfsame.mosaic.code import MosaicCode


class MosaicFamily:
    """Codes of patches that show the whole picture, or pieces of another."""

    name = "mosaic"
    code_type = MosaicCode
    views = frozenset({"size", "scale", "zoom", "center"})
    runs = frozenset({"threads"})
    options: frozenset[str] = frozenset()

    pack = staticmethod(chunks.pack)
    unpack = staticmethod(chunks.unpack)

    def render(self, code: MosaicCode, view: View, run: Run, **options: Any) -> Picture:
        from selfsame.mosaic.drawing.rendering import render
        from selfsame.mosaic.drawing.window import view as window

        size = width, height = view.size_of(code)
        if width * height > MAX_PIXELS:
            raise SettingError(
                f"a picture in memory has at most {MAX_PIXELS} pixels: got {width}x{height}; "
                "selfsame fractalize writes larger ones from a code, band by band"
            )
        if view.zoom != 1:
            middle = code.width / 2, code.height / 2
            picture = window(code, view.zoom, view.center or middle, size, threads=run.threads)
        elif view.center is not None:
            raise SettingError("center says where to zoom: give a zoom above 1, too")
        else:
            picture = render(code, size, threads=run.threads)
        floats: Picture = picture.astype(np.float32) / np.float32(255)
        return floats[..., 0] if code.channels == 1 else floats

    def describe(self, code: MosaicCode) -> Description:
        from selfsame.mosaic.describe import describe

        return describe(code)

    def plot(self, code: MosaicCode) -> NDArray[np.uint8]:
        from selfsame.mosaic.plot import plot_code

        return plot_code(code)


FAMILY = MosaicFamily()
