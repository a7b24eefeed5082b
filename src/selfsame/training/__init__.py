"""Training of networks: one loop for every model, checkpoints, logs, batches of crops.

The names below load on first use: settings can be read without torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
