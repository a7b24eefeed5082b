"""Neural collages as a codec: encoding to a target, decoding, refining."""
