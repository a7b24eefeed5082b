"""The first family: iterated function systems on points."""

from typing import Any

from selfsame.errors import SettingError
from selfsame.family import Description, Picture, Run, View
from selfsame.ifs import chunks
from selfsame.ifs.code import IFSCode
from selfsame.ifs.system import IFS


class IfsFamily:
    """Codes of points; bare systems are drawn alike."""

    name = "ifs"
    code_type = IFSCode
    views = frozenset({"size", "scale", "viewport", "zoom", "center"})
    runs = frozenset({"threads", "device", "seed", "progress"})
    options = frozenset({"points", "depth", "mode", "supersample", "azimuth", "elevation"})

    pack = staticmethod(chunks.pack)
    unpack = staticmethod(chunks.unpack)

    def render(self, code: IFSCode | IFS, view: View, run: Run, **options: Any) -> Picture:
        from selfsame.ifs.render.pictures import render

        if view.scale is not None and isinstance(code, IFS):
            raise SettingError("a bare system has no size to scale: give size, or an IFSCode")
        return render(
            code,
            view.size if isinstance(code, IFS) else view.size_of(code),
            viewport=view.viewport,
            zoom=view.zoom,
            center=view.center,
            seed=run.seed,
            threads=run.threads,
            device=run.device,
            progress=run.progress,
            **options,
        )

    def describe(self, code: IFSCode) -> Description:
        from selfsame.ifs.describe import describe

        return describe(code)


FAMILY = IfsFamily()
