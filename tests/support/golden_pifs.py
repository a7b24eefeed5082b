"""Digests of the symbols of every golden block code."""

SYMBOLS = {
    "all-syntax": "376e96be2400cfa6468e631d69258287d2f6b524a49a7307a86d17aee34c9867",
    "one-pixel": "d507a4a7785046a8c5f0c8ccc9ddb4779ecfd6d58b58df75d54626a9a55da978",
    "photo-hybrid": "080ce629fed7426a067db61535b8363e2236f2e20a0645007f3b85f445cb4982",
    "photo-pure": "ef145d837e12e2053f3950fdd86db590774d1bcb31170816531c54cced9cba13",
}
"""SHA-256 of everything that a reader finds in the file."""
