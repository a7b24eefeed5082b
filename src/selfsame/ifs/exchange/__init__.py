"""Codes in the formats of other programs: .flame, JSON, PLY."""
