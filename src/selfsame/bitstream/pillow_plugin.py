"""Pillow opens code files: ``Image.open("fern.ssm")`` once ``selfsame`` is imported.

Opening reads the header alone; the picture is rendered, at the size of the original, when its
pixels are first asked for.
"""

from typing import IO

from PIL import Image, ImageFile

from selfsame.bitstream import load
from selfsame.bitstream.container import (
    GREY,
    HEADER_END,
    SIGNATURE,
    read_header,
)
from selfsame.bitstream.kinds import kind_by_number, kind_of
from selfsame.errors import InputError, SelfsameError
from selfsame.images import to_uint8

FORMAT = "SSM"
MIME = "image/x-selfsame"
EXTENSION = ".ssm"


class SelfsameImageFile(ImageFile.ImageFile):
    """A code file as a picture of mode ``L`` or ``RGB``, in the size of the original."""

    format = FORMAT
    format_description = "Selfsame fractal code"

    def _open(self) -> None:
        assert self.fp is not None
        start = self.fp.read(HEADER_END)
        if not _accept(start):
            raise SyntaxError("not a Selfsame file")
        try:
            header = read_header(start)  # its pixel limit holds for whatever opens the file
            kind_by_number(header.kind)
        except SelfsameError as error:
            # The signature is ours, so no other plug-in can open it: say what is wrong.
            raise OSError(f"cannot open Selfsame file: {error}") from error
        self._size = (header.width, header.height)
        self._mode = "L" if header.color_space == GREY else "RGB"
        self.tile = [ImageFile._Tile(FORMAT, (0, 0, *self.size), 0, None)]


class SelfsameDecoder(ImageFile.PyDecoder):
    """Decodes the whole file and renders it."""

    _pulls_fd = True

    def decode(self, buffer: Image.DecoderInput) -> tuple[int, int]:
        assert self.fd is not None
        try:
            code = load(self.fd)
            picture = Image.fromarray(to_uint8(kind_of(code).render(code)))
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
    raise InputError(
        "a picture becomes a .ssm file by a fit, not by saving it: "
        "use `selfsame fit PICTURE -o CODE.ssm`, or selfsame.fit and selfsame.save"
    )


Image.register_open(FORMAT, SelfsameImageFile, _accept)
Image.register_decoder(FORMAT, SelfsameDecoder)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, EXTENSION)
Image.register_mime(FORMAT, MIME)
