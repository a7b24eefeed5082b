"""Write the golden files that are missing: ``python tests/golden/write_golden.py``.

Existing files are left alone: they are the promise. One that is really meant to change must be
deleted by hand first.
"""

from pathlib import Path

from golden_codes import V1
from golden_collages import COLLAGES

from selfsame import save

for name, code in (V1 | COLLAGES).items():
    path = Path(__file__).parent / "v1" / f"{name}.ssm"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        save(code, path, overwrite=False)
        print(f"wrote {path.name}")
