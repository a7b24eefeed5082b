"""The compiled core: plain functions on arrays, by family."""

from selfsame._native import (
    coding as coding,
    collage as collage,
    fractals as fractals,
    ifs as ifs,
    mosaic as mosaic,
    pifs as pifs,
    testing as testing
)
