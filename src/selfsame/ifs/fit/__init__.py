"""Learning an IFS from pictures or point clouds: ``fit`` and its settings."""

from selfsame.ifs.fit.config import PRESETS as PRESETS
from selfsame.ifs.fit.config import FitConfig as FitConfig
from selfsame.ifs.fit.engine import FitResult as FitResult
from selfsame.ifs.fit.engine import batches as batches
from selfsame.ifs.fit.engine import fit as fit
from selfsame.ifs.fit.engine import fit_batch as fit_batch
