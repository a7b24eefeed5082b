"""The second family: partitioned iterated function systems, a picture codec."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.container import Container
from selfsame.family import Description, Picture, Run, View
from selfsame.io.pictures import Bytes, SourcePicture
from selfsame.pifs import chunks
from selfsame.pifs.code import PifsCode


class PifsFamily:
    """Codes of blocks."""

    name = "pifs"
    code_type = PifsCode
    views = frozenset({"size", "scale", "region"})
    runs = frozenset({"threads"})
    options = frozenset({"iterations", "start"})

    pack = staticmethod(chunks.pack)
    unpack = staticmethod(chunks.unpack)

    def unpack_part(
        self, container: Container, view: View, *, iterations: int | None = None, **_: Any
    ) -> PifsCode:
        from selfsame.pifs.decoding.decode import bands_seen

        if view.region is None:
            return chunks.unpack(container)
        seen = partial(bands_seen, **_seen(view), iterations=iterations)
        return chunks.unpack_part(container, seen)

    def render(self, code: PifsCode, view: View, run: Run, **options: Any) -> Picture:
        from selfsame.pifs.decoding.decode import decode

        return decode(code, **_seen(view), threads=run.threads, **options)

    def render_bytes(self, code: PifsCode, view: View, run: Run, **options: Any) -> Bytes:
        from selfsame.pifs.decoding.decode import decode_bytes

        return decode_bytes(code, **_seen(view), threads=run.threads, **options)

    def describe(self, code: PifsCode) -> Description:
        from selfsame.pifs.describe import describe

        return describe(code)

    def prepare(self, **_: Any) -> None:
        import selfsame.pifs.decoding.decode
        import selfsame.pifs.encoding.encode  # noqa: F401

    def encode(
        self,
        source: SourcePicture,
        run: Run,
        *,
        preset: str | None = None,
        range_size: int = 8,
        domain_size: int = 32,
        **settings: Any,
    ) -> PifsCode:
        if preset is not None:
            from selfsame.pifs.encoding.baseline import encode_baseline

            code = encode_baseline(
                source.pixels, ranges=range_size, domains=domain_size, threads=run.threads
            )
            return code if source.alpha is None else replace(code, alpha=source.alpha)
        from selfsame.pifs.encoding.encode import encode

        return encode(
            source.pixels,
            alpha=source.alpha,
            threads=run.threads,
            device=run.device,
            progress=run.progress,
            **settings,
        )

    def choices(self, code: PifsCode) -> dict[str, Any]:
        return {"mode": code.mode}

    def iterations(self, code: PifsCode) -> int:
        return code.iterations

    def plot(self, code: PifsCode) -> NDArray[np.uint8]:
        from selfsame.pifs.plot import plot_code

        return plot_code(code)


def _seen(view: View) -> dict[str, Any]:
    scale = 1.0 if view.scale is None else view.scale
    return {"scale": scale, "size": view.size, "region": view.region}


FAMILY = PifsFamily()
