"""Pre-training on fractals and measuring what was learned."""
