"""Bounds on the log-likelihood of pictures under a very deep VAE."""

import math
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.picture_arrays import check_range
from selfsame.priors.vdvae.network import Inference, Vdvae

Nats = TypeVar("Nats", float, Tensor)


class Elbo(NamedTuple):
    """The evidence lower bound, ``log_likelihood - kl.sum(1)``, by its parts, in nats.

    Attributes:
        log_likelihood: log p(x | z) of each picture, (B,).
        kl: KL(q || p) of each picture and stochastic block, (B, blocks).
    """

    log_likelihood: Tensor
    kl: Tensor

    @property
    def total(self) -> Tensor:
        """The bound of each picture, (B,)."""
        return self.log_likelihood - self.kl.sum(1)


def elbo(model: Vdvae, pictures: Tensor, generator: torch.Generator) -> Elbo:
    """Return the evidence lower bound of pictures, (B, C, S, S) in [0, 1], from one draw of the
    latents.

    Raises:
        InputError: pictures of another size or range.
    """
    check_pictures(pictures)
    return elbo_of(model, pictures, model.infer(pictures, generator))


def check_pictures(pictures: Tensor) -> None:
    """Raise ``InputError`` unless pictures hold floats of 0 to 1; training does without."""
    if pictures.numel():
        check_range("pictures", float(pictures.min()), float(pictures.max()))


def elbo_of(model: Vdvae, pictures: Tensor, inference: Inference) -> Elbo:
    """Return the evidence lower bound of pictures, (B, C, S, S), that were coded already."""
    log_likelihood = model.likelihood.log_prob(pictures, model.draw(inference.features))
    divergences = [posterior.divergence_from(prior) for _, posterior, prior in inference.latents]
    return Elbo(log_likelihood, torch.stack([kl.flatten(1).sum(1) for kl in divergences], 1))


def importance_weighted_bound(
    model: Vdvae, pictures: Tensor, generator: torch.Generator, samples: int
) -> Tensor:
    """Return the importance-weighted bound of each picture, (B,), in nats.

    ``log mean_k p(x, z_k) / q(z_k | x)``, which rises to log p(x) with ``samples``; with one it is
    an estimate of the evidence lower bound.

    Raises:
        InputError: no sample, or pictures of another size or range.
    Source: Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016.
    """
    if samples < 1:
        raise InputError(f"samples must be at least 1: got {samples}")
    check_pictures(pictures)
    weights = []
    for _ in range(samples):
        inference = model.infer(pictures, generator)
        weight = model.likelihood.log_prob(pictures, model.draw(inference.features))
        for z, posterior, prior in inference.latents:
            ratio = prior.log_prob(z) - posterior.log_prob(z)
            weight = weight + ratio.flatten(1).sum(1)
        weights.append(weight)
    return torch.stack(weights).logsumexp(0) - math.log(samples)


def bits_per_dimension(nats: Nats, dimensions: int) -> Nats:
    """Return a negative log-likelihood in bits per dimension, from nats per picture.

    Args:
        dimensions: values of a picture, C·H·W.
    """
    return nats / (dimensions * math.log(2))
