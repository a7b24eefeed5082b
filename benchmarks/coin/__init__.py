"""COIN, a sine network per picture: the published rival of the collage codec."""
