"""Pillow opens and saves code files: ``Image.open("a.ssm")``, ``image.save("a.ssm", bpp=0.5)``,
once ``selfsame`` is imported.

Opening reads the header alone; the picture is decoded, at the size of the original, when its pixels
are first asked for. Saving takes the options of ``selfsame.encode``.
"""

from typing import IO

from PIL import Image, ImageFile

from selfsame.codes.registry import name_by_number
from selfsame.codes.render import draw_bytes
from selfsame.codes.store import load
from selfsame.coding.container import (
    GREY,
    GREY_ALPHA,
    HEADER_END,
    SIGNATURE,
    SRGB,
    SRGB_ALPHA,
    read_header,
)
from selfsame.errors import SelfsameError
from selfsame.family import Run, View

FORMAT = "SSM"
MIME = "image/x-selfsame"
EXTENSION = ".ssm"

MODES = {GREY: "L", SRGB: "RGB", GREY_ALPHA: "LA", SRGB_ALPHA: "RGBA"}
"""Pillow's mode by the header's colour space."""


class SelfsameImageFile(ImageFile.ImageFile):
    """A code file as a picture of one of ``MODES``, in the size of the original."""

    format = FORMAT
    format_description = "Selfsame fractal code"

    def _open(self) -> None:
        assert self.fp is not None
        start = self.fp.read(HEADER_END)
        if not _accept(start):
            raise SyntaxError("not a Selfsame file")
        try:
            header = read_header(start)  # its pixel limit holds for whatever opens the file
            name_by_number(header.kind)
        except SelfsameError as error:
            # The signature is ours, so no other plug-in can open it: say what is wrong.
            raise OSError(f"cannot open Selfsame file: {error}") from error
        self._size = (header.width, header.height)
        self._mode = MODES[header.color_space]
        self.tile = [ImageFile._Tile(FORMAT, (0, 0, *self.size), 0, None)]


class SelfsameDecoder(ImageFile.PyDecoder):
    """Decodes the whole file and renders it."""

    _pulls_fd = True

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        assert self.fd is not None
        try:
            code = load(self.fd)
            picture = Image.fromarray(draw_bytes(code, View(), Run()))
        except SelfsameError as error:
            raise OSError(f"cannot decode Selfsame file: {error}") from error
        size = (self.state.xsize, self.state.ysize)
        if picture.size != size:  # the file was exchanged since its header was read
            raise OSError(f"cannot decode Selfsame file: size {size} became {picture.size}")
        self.set_as_raw(picture.convert(self.mode).tobytes())
        return -1, 0


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


def _save(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    """Encode an image; ``image.encoderinfo`` holds the options given to ``Image.save``.

    Raises:
        InputError: an unknown option, or as ``selfsame.encode``.
    """
    from selfsame.codes.encode import encode_bytes
    from selfsame.codes.settings import EncodeSettings
    from selfsame.io.pictures import source_from_pillow

    settings = EncodeSettings.from_dict(image.encoderinfo)
    fp.write(encode_bytes(source_from_pillow(image), settings))


Image.register_open(FORMAT, SelfsameImageFile, _accept)
Image.register_decoder(FORMAT, SelfsameDecoder)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, EXTENSION)
Image.register_mime(FORMAT, MIME)
