"""The third family: neural collages, which a network writes down in one pass."""

from typing import TYPE_CHECKING, Any

from selfsame.collage import chunks
from selfsame.collage.code import CollageCode
from selfsame.family import Description, Picture, Run, View
from selfsame.io.pictures import SourcePicture

if TYPE_CHECKING:
    from selfsame.collage.network.model import CollageModel


class CollageFamily:
    """Codes of ranges as mixtures of domains and of a model's blocks."""

    name = "collage"
    code_type = CollageCode
    views = frozenset({"size", "scale"})
    runs = frozenset({"threads", "device"})
    options = frozenset({"iterations", "start"})

    pack = staticmethod(chunks.pack)
    unpack = staticmethod(chunks.unpack)

    def render(self, code: CollageCode, view: View, run: Run, **options: Any) -> Picture:
        from selfsame.collage.codec.decode import decode

        return decode(
            code, size=view.size_of(code), threads=run.threads, device=run.device, **options
        )

    def describe(self, code: CollageCode) -> Description:
        from selfsame.collage.describe import describe

        return describe(code)

    def prepare(self, *, model: str, **_: Any) -> None:
        _model(model)

    def encode(
        self, source: SourcePicture, run: Run, *, model: str, seed: int = 0, **settings: Any
    ) -> CollageCode:
        from selfsame.collage.codec.encode import encode

        return encode(
            source.pixels,
            model=_model(model),
            alpha=source.alpha,
            seed=seed,
            device=run.device,
            threads=run.threads,
            progress=run.progress,
            **settings,
        )

    def choices(self, code: CollageCode) -> dict[str, Any]:
        return {"model": code.model, "step": code.step}

    def iterations(self, code: CollageCode) -> int:
        return code.iterations


def _model(source: str) -> "CollageModel":
    from selfsame.collage.network.model import CollageModel

    return CollageModel.kept(source)


FAMILY = CollageFamily()
