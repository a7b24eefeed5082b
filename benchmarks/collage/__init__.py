"""The neural collage codec and its operator."""
