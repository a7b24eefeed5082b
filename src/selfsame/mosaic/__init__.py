"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end."""

from selfsame.mosaic.code import FractalCode as FractalCode
from selfsame.mosaic.fitting import Settings as Settings
from selfsame.mosaic.fitting import fit as fit
from selfsame.mosaic.output import write_rendering as write_rendering
from selfsame.mosaic.output import write_zoom as write_zoom
from selfsame.mosaic.rendering import render as render
from selfsame.mosaic.rendering import render_bands as render_bands
from selfsame.mosaic.style import restyled as restyled
from selfsame.mosaic.window import view as view
from selfsame.mosaic.zoom import zoom_frames as zoom_frames
