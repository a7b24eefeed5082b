"""Distance fields of recursions of similitudes, and fitting through them (Scott 2022)."""

from selfsame.ifs.distance.engine import DistanceDivergedError, Progress
from selfsame.ifs.distance.fit import fit_distance
from selfsame.ifs.distance.primitives import signed_distance
from selfsame.ifs.distance.render import pixel_centers, recursion_distance
from selfsame.ifs.distance.similitudes import (
    Similitudes,
    similitudes_about,
    similitudes_from_segments,
    similitudes_from_squares,
)

__all__ = [
    "DistanceDivergedError",
    "Progress",
    "Similitudes",
    "fit_distance",
    "pixel_centers",
    "recursion_distance",
    "signed_distance",
    "similitudes_about",
    "similitudes_from_segments",
    "similitudes_from_squares",
]
