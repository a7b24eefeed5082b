"""What networks learn from fractals."""
