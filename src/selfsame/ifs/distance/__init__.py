"""Distance fields of recursions of similitudes, and fitting through them (Scott 2022)."""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.ifs.distance.engine import DistanceDivergedError as DistanceDivergedError
    from selfsame.ifs.distance.engine import Progress as Progress
    from selfsame.ifs.distance.fit import fit_distance as fit_distance
    from selfsame.ifs.distance.primitives import signed_distance as signed_distance
    from selfsame.ifs.distance.render import pixel_centers as pixel_centers
    from selfsame.ifs.distance.render import recursion_distance as recursion_distance
    from selfsame.ifs.distance.settings import DistanceSettings as DistanceSettings
    from selfsame.ifs.distance.similitudes import Similitudes as Similitudes
    from selfsame.ifs.distance.similitudes import similitudes_about as similitudes_about
    from selfsame.ifs.distance.similitudes import (
        similitudes_from_segments as similitudes_from_segments,
    )
    from selfsame.ifs.distance.similitudes import (
        similitudes_from_squares as similitudes_from_squares,
    )

_HOME = {
    "DistanceDivergedError": "selfsame.ifs.distance.engine",
    "DistanceSettings": "selfsame.ifs.distance.settings",
    "Progress": "selfsame.ifs.distance.engine",
    "Similitudes": "selfsame.ifs.distance.similitudes",
    "fit_distance": "selfsame.ifs.distance.fit",
    "pixel_centers": "selfsame.ifs.distance.render",
    "recursion_distance": "selfsame.ifs.distance.render",
    "signed_distance": "selfsame.ifs.distance.primitives",
    "similitudes_about": "selfsame.ifs.distance.similitudes",
    "similitudes_from_segments": "selfsame.ifs.distance.similitudes",
    "similitudes_from_squares": "selfsame.ifs.distance.similitudes",
}

__getattr__ = lazy_names(__name__, _HOME)
