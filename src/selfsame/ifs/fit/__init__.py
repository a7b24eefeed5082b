"""Learning an IFS from pictures or point clouds: ``fit`` and its settings."""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.ifs.fit.config import PRESETS as PRESETS
    from selfsame.ifs.fit.config import FitConfig as FitConfig
    from selfsame.ifs.fit.engine import FitResult as FitResult
    from selfsame.ifs.fit.engine import batches as batches
    from selfsame.ifs.fit.engine import fit as fit
    from selfsame.ifs.fit.engine import fit_batch as fit_batch

_HOME = {
    "PRESETS": "selfsame.ifs.fit.config",
    "FitConfig": "selfsame.ifs.fit.config",
    "FitResult": "selfsame.ifs.fit.engine",
    "batches": "selfsame.ifs.fit.engine",
    "fit": "selfsame.ifs.fit.engine",
    "fit_batch": "selfsame.ifs.fit.engine",
}

__getattr__ = lazy_names(__name__, _HOME)
