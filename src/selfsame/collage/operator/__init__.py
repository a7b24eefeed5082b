"""The collage operator: a soft, contractive block map and its fixed point."""
