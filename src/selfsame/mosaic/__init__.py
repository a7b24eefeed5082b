"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end."""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.mosaic.code import FractalCode as FractalCode
    from selfsame.mosaic.fitting import fit as fit
    from selfsame.mosaic.output import write_rendering as write_rendering
    from selfsame.mosaic.output import write_zoom as write_zoom
    from selfsame.mosaic.rendering import render as render
    from selfsame.mosaic.rendering import render_bands as render_bands
    from selfsame.mosaic.settings import Settings as Settings
    from selfsame.mosaic.style import restyled as restyled
    from selfsame.mosaic.window import view as view
    from selfsame.mosaic.zoom import zoom_frames as zoom_frames

_HOME = {
    "FractalCode": "selfsame.mosaic.code",
    "Settings": "selfsame.mosaic.settings",
    "fit": "selfsame.mosaic.fitting",
    "render": "selfsame.mosaic.rendering",
    "render_bands": "selfsame.mosaic.rendering",
    "restyled": "selfsame.mosaic.style",
    "view": "selfsame.mosaic.window",
    "write_rendering": "selfsame.mosaic.output",
    "write_zoom": "selfsame.mosaic.output",
    "zoom_frames": "selfsame.mosaic.zoom",
}

__getattr__ = lazy_names(__name__, _HOME)
