"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end."""

from selfsame.collage.fractalize.code import FractalCode as FractalCode
from selfsame.collage.fractalize.fitting import Settings as Settings
from selfsame.collage.fractalize.fitting import fit as fit
from selfsame.collage.fractalize.output import write_rendering as write_rendering
from selfsame.collage.fractalize.output import write_zoom as write_zoom
from selfsame.collage.fractalize.rendering import render as render
from selfsame.collage.fractalize.rendering import render_bands as render_bands
from selfsame.collage.fractalize.style import restyled as restyled
from selfsame.collage.fractalize.window import view as view
from selfsame.collage.fractalize.zoom import zoom_frames as zoom_frames
