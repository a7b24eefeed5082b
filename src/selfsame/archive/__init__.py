"""Folders of pictures to folders of codes, and back.

The folder of codes holds ``manifest.json``: the settings, and for every picture the file it came
from and what became of it. It is planned before the first picture is encoded and rewritten, in one
atomic step each time, while the work goes on; a later call with the same settings continues.
"""

from selfsame.archive.decode import decode_folder
from selfsame.archive.encode import Archive, encode_folder
from selfsame.archive.report import write_report

__all__ = ["Archive", "decode_folder", "encode_folder", "write_report"]
