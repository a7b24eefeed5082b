from .engine import DistanceDivergedError as DistanceDivergedError
from .engine import Progress as Progress
from .fit import fit_distance as fit_distance
from .settings import DistanceSettings as DistanceSettings
