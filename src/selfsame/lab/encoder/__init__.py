"""Training the set encoder, on doodles drawn for it."""
