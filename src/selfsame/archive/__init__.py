"""Folders of pictures to folders of codes, and back.

The folder of codes holds a ledger (``selfsame.run.ledger``): the settings, and what became of every
picture. A later call with the same settings goes on where an earlier one stopped; pictures may have
come, gone or changed meanwhile.
"""

from selfsame.archive.decode import decode_folder
from selfsame.archive.encode import Archive, encode_folder
from selfsame.archive.fit import Fits, Fitting, fit_set
from selfsame.archive.report import write_report

__all__ = [
    "Archive",
    "Fits",
    "Fitting",
    "decode_folder",
    "encode_folder",
    "fit_set",
    "write_report",
]
