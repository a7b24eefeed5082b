"""Training of networks: one loop for every model, checkpoints, logs, batches of crops."""
