"""Pictures as points of a latent space: grids of numbers, from which a network writes collages."""

from typing import TYPE_CHECKING, Any

from selfsame.collage.grid import chunks
from selfsame.collage.grid.code import GridCode
from selfsame.collage.grid.describe import describe
from selfsame.family import Description, Picture, Run, View
from selfsame.io.pictures import SourcePicture

if TYPE_CHECKING:
    from selfsame.collage.grid.network.model import GridModel


class GridFamily:
    """Codes of a few whole numbers, which a model's network turns into a collage."""

    name = "grid"
    code_type = GridCode
    views = frozenset({"size", "scale"})
    runs = frozenset({"threads", "device"})
    options: frozenset[str] = frozenset()

    pack = staticmethod(chunks.pack)
    unpack = staticmethod(chunks.unpack)

    def render(self, code: GridCode, view: View, run: Run, **options: Any) -> Picture:
        from selfsame.collage.grid.codec import decode

        return decode(code, size=view.size_of(code), threads=run.threads, device=run.device)

    def describe(self, code: GridCode) -> Description:
        return describe(code)

    def prepare(self, *, model: str, **_: Any) -> None:
        _model(model)

    def encode(self, source: SourcePicture, run: Run, *, model: str, **_: Any) -> GridCode:
        from selfsame.collage.grid.codec import encode

        return encode(
            source.pixels,
            model=_model(model),
            alpha=source.alpha,
            device=run.device,
            threads=run.threads,
        )

    def choices(self, code: GridCode) -> dict[str, Any]:
        return {"model": code.model, "numbers": int(code.levels.size)}


def _model(source: str) -> "GridModel":
    from selfsame.collage.grid.network.model import GridModel

    return GridModel.kept(source)


FAMILY = GridFamily()
