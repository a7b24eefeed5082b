"""Files, pictures and models at the edges."""
