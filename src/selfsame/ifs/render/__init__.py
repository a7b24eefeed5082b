"""Pictures of systems: histograms of orbits, recursion, splats, views of 3-D."""

from selfsame.moved import forwarding

__getattr__ = forwarding(__name__, "ifs.render.pictures")
