"""Diffusion on codes: tokens of real numbers, of any latent space, made from noise.

One notation for all of it (``docs/diffusion.md``): ``z = alpha x + sigma epsilon``, from the data x
at time 0 to noise at time 1. ``config`` says what can be chosen, without torch.
"""
