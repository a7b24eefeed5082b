"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end."""

from selfsame.mosaic.code import MosaicCode as MosaicCode
from selfsame.mosaic.fitting.fit import Settings as Settings
from selfsame.mosaic.fitting.fit import fit as fit
from selfsame.mosaic.drawing.output import write_rendering as write_rendering
from selfsame.mosaic.drawing.output import write_zoom as write_zoom
from selfsame.mosaic.drawing.rendering import render as render
from selfsame.mosaic.drawing.rendering import render_bands as render_bands
from selfsame.mosaic.fitting.style import restyled as restyled
from selfsame.mosaic.drawing.window import view as view
from selfsame.mosaic.drawing.zoom import zoom_frames as zoom_frames
