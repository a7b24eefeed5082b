"""A second reader, written from docs/file-format.md alone: the tests' independent reference.

It trusts the file (no limits, few checks) and returns plain Python values.
"""

import binascii


def _integer(data, at, size):
    return sum(data[at + i] << 8 * i for i in range(size))


def _real(data, at, size):
    """IEEE 754 by hand: sign, exponent, fraction."""
    exponent_bits, fraction_bits = {4: (8, 23), 8: (11, 52)}[size]
    bits = _integer(data, at, size)
    fraction = bits & ((1 << fraction_bits) - 1)
    exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    sign = -1.0 if bits >> (8 * size - 1) else 1.0
    bias = (1 << (exponent_bits - 1)) - 1
    if exponent:
        return sign * (fraction + (1 << fraction_bits)) * 2.0 ** (exponent - bias - fraction_bits)
    return sign * fraction * 2.0 ** (1 - bias - fraction_bits)


def _reals(data, at, count, double):
    size = 8 if double else 4
    return [_real(data, at + i * size, size) for i in range(count)], at + count * size


def read(data):
    """Return a dict of every field, chunks as a list of (tag, payload)."""
    assert data[:8] == bytes([0xD3, 0x53, 0x53, 0x4D, 0x0D, 0x0A, 0x1A, 0x0A])
    assert data[8] == 1
    chunks, at = [], 9
    while at < len(data):
        length = _integer(data, at + 4, 4)
        end = at + 8 + length
        assert binascii.crc32(data[at : at + 4] + data[at + 8 : end]) == _integer(data, end, 4)
        chunks.append((data[at : at + 4].decode("ascii"), data[at + 8 : end]))
        at = end + 4
    assert at == len(data)
    payloads = dict(chunks)
    head, maps = payloads["HEAD"], payloads["MAPS"]
    result = {"chunks": chunks, "kind": head[0], "color_space": head[1]}
    result["size"] = (_integer(head, 2, 4), _integer(head, 6, 4))
    doubles, d, n = maps[0], maps[1], _integer(maps, 2, 4)
    at = 6
    groups = [("viewport", 4), ("matrices", n * d * d), ("offsets", n * d), ("probabilities", n)]
    if head[1] == 1:
        groups.append(("colors", n * 3))
    for bit, (name, count) in enumerate(groups):
        result[name], at = _reals(maps, at, count, doubles >> bit & 1)
    assert at == len(maps)
    result["primitive"] = None
    if "LEAF" in payloads:
        leaf = payloads["LEAF"]
        shape, count = {1: ("disk", 3), 2: ("rectangle", 5), 3: ("segment", 5)}[leaf[1]]
        numbers, at = _reals(leaf, 2, count, leaf[0] & 1)
        assert at == len(leaf)
        result["primitive"] = (shape, numbers)
    texts, note, at = [], payloads.get("note", b""), 0
    while at < len(note):
        length = _integer(note, at, 2)
        texts.append(note[at + 2 : at + 2 + length].decode("utf-8"))
        at += 2 + length
    result["notes"] = dict(zip(texts[::2], texts[1::2], strict=True))
    return result
