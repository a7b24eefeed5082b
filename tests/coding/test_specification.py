"""docs/file-format.md states what the code does."""

import re

from selfsame.codes.store import pack, unpack
from selfsame.coding import container
from selfsame.collage import chunks as collage_chunks
from selfsame.ifs import chunks as ifs_chunks
from selfsame.mosaic import chunks as mosaic_chunks
from support import ROOT
from support.sample_codes import SMALLEST

TEXT = (ROOT / "docs" / "file-format.md").read_text(encoding="utf-8")


def test_hex_dump_is_the_smallest_file():
    lines = re.findall(r"^([0-9a-f]{8})  ([0-9a-f ]+)$", TEXT, re.MULTILINE)
    assert [int(offset, 16) for offset, _ in lines] == list(range(0, 105, 16))
    dump = bytes.fromhex("".join(row for _, row in lines))
    assert dump == pack(SMALLEST)
    assert unpack(dump) == SMALLEST


def test_table_below_the_dump_covers_every_byte_in_turn():
    rows = re.findall(r"^\| (\d+) \| `([0-9a-f ]{2,})` \|", TEXT.split("byte by byte")[1], re.M)
    data = b""
    for offset, row in rows:
        assert int(offset) == len(data)
        data += bytes.fromhex(row)
    assert data == pack(SMALLEST)


def test_every_limit_is_stated_with_its_value():
    homes = (
        container,
        ifs_chunks,
        collage_chunks,
        mosaic_chunks,
    )  # which import the limits of the code types
    known = {n: v for home in homes for n, v in vars(home).items() if n.startswith("MAX_")}
    stated = re.findall(r"^\| `(MAX_\w+)` \| (\d+)", TEXT, re.MULTILINE)
    assert {name: int(value) for name, value in stated} == known


def test_every_field_of_every_record_is_in_a_table_at_its_offset():
    types = {"B": "u8", "H": "u16", "I": "u32"}
    records = (ifs_chunks.MAPS, ifs_chunks.LEAF, collage_chunks.CLGE)
    records += (mosaic_chunks.MOSA, mosaic_chunks.PIEC)
    for record in (container.HEADER, *records):
        offset = 0
        for name, kind in record.fields:
            assert f"| {offset} | `{types[kind]}` | `{name}` |" in TEXT
            offset += int(types[kind][1:]) // 8
