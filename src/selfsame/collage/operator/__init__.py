"""The collage operator: a soft, contractive block map and its fixed point."""

from selfsame.moved import forwarding

__getattr__ = forwarding(__name__, "collage.operator.module", "collage.operator.functional")
