"""Hand a code to flam3 or Apophysis as a .flame file, and take it back."""

import sys
import tempfile
from pathlib import Path

from selfsame import IFS, IFSCode
from selfsame.ifs.exchange.flame import flame_from_code, read_flames, write_flames
from selfsame.ifs.geometry.viewport import fit_viewport
from selfsame.ifs.samples.library import classic

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
dragon = classic("heighway-dragon")
colored = IFS(dragon.matrices, dragon.offsets, colors=[[1, 0.5, 0], [0, 0.4, 1]])
size = (640, 480)
code = IFSCode(colored, fit_viewport(colored, size), size, notes={"name": "dragon"})
path = folder / "dragon.flame"
write_flames(path, [flame_from_code(code)])
(flame,) = read_flames(path)
print(f"{path}: {path.stat().st_size} bytes; render it with: flam3-render < {path.name}")
print(f"read back: {flame.name}, {len(flame.code.system)} maps, size {flame.code.size}")
print(f"same maps: {(flame.code.system.matrices == colored.matrices).all()}")
