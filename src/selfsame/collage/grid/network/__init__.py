"""The autoencoder of grids: its shape, its networks, its training."""
