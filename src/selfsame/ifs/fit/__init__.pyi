from .config import PRESETS as PRESETS
from .config import FitConfig as FitConfig
from .engine import FitResult as FitResult
from .engine import fit as fit
