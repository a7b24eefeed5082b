"""Write the golden files that are missing: ``python tests/golden/write_golden.py``.

Existing files are left alone: they are the promise. One that is really meant to change must be
deleted by hand first.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from selfsame import save
from support.golden_codes import V1
from support.golden_collages import COLLAGES
from support.golden_grids import GRIDS
from support.golden_mosaics import MOSAICS

for name, code in (V1 | COLLAGES | MOSAICS | GRIDS).items():
    path = Path(__file__).parent / "v1" / f"{name}.ssm"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save(code, path, overwrite=False)
        print(f"wrote {path.name}")
