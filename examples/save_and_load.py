"""Build a system by hand, save it as a code file, and open that with Pillow at its own size."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from selfsame import IFS, IFSCode, load, save
from selfsame.ifs.code import Viewport

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
half = [[0.5, 0.0], [0.0, 0.5]]
gasket = IFS([half, half, half], [[0.0, 0.0], [0.5, 0.0], [0.25, 0.5]])
path = folder / "gasket.ssm"
save(IFSCode(gasket, Viewport(0.0, 0.0, 1.0, 1.0), (128, 128)), path)
code = load(path)
print(f"{path}: {path.stat().st_size} bytes for {code.size[0]}x{code.size[1]} pixels")
print(f"equal after the round trip: {code.system == gasket}")
with Image.open(path) as picture:
    picture.save(folder / "gasket.png")
    print(f"{folder / 'gasket.png'}: {picture.size[0]}x{picture.size[1]}, mode {picture.mode}")
