"""From a picture to a block code by rate-distortion optimisation."""
