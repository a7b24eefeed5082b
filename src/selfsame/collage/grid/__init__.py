"""Pictures as small grids of numbers, from which a network writes the collage that draws them."""
