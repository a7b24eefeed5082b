"""Bounds on the log-likelihood of the test pictures, by parts, for ``vdvae.py``."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness
from benchmarks.harness import standard_error
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Array, Arrays, Row
from benchmarks.priors.digits import Data, binarised, fingerprint_of
from benchmarks.priors.subjects import BATCH, Subject
from selfsame.priors.vdvae.bounds import bits_per_dimension, elbo, importance_weighted_bound

PASSES, QUICK_PASSES = 5, 2
"""The bound is averaged over so many draws of the latents."""

IMPORTANCE_SAMPLES, QUICK_IMPORTANCE_SAMPLES = (1, 10, 100), (1, 4)
IMPORTANCE_PICTURES, QUICK_IMPORTANCE_PICTURES = 1000, 50

PUBLISHED = [
    {
        "model": "NVAE",
        "negative_log_likelihood_nats": 78.01,
        "source": "Vahdat and Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS "
        "2020, table 1: importance-weighted, dynamically binarised MNIST",
    },
    {
        "model": "Ladder VAE, 5 layers",
        "negative_log_likelihood_nats": 81.74,
        "source": "Sønderby et al., Ladder Variational Autoencoders, NeurIPS 2016: "
        "importance-weighted, dynamically binarised MNIST",
    },
    {
        "model": "IWAE, 2 layers, 50 samples",
        "negative_log_likelihood_nats": 82.90,
        "source": "Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016, "
        "table 1: importance-weighted, dynamically binarised MNIST",
    },
]


def measured_pass(subject: Subject, pictures: Tensor, seed: int) -> Arrays:
    """Return ``log_likelihood``, (N,), and ``kl``, (N, blocks), from one draw of the latents."""
    generator = subject.generator(seed)
    with torch.no_grad():
        bounds = [elbo(subject.model, p.to(subject.device), generator) for p in _batches(pictures)]
    parts = {
        "log_likelihood": torch.cat([bound.log_likelihood for bound in bounds]),
        "kl": torch.cat([bound.kl for bound in bounds]),
    }
    return device_arrays(parts)


def measured_importance(subject: Subject, pictures: Tensor, seed: int, samples: int) -> Arrays:
    """Return ``bound``, (N,), the importance-weighted bound of each picture."""
    generator = subject.generator(seed)
    with torch.no_grad():
        bounds = [
            importance_weighted_bound(subject.model, p.to(subject.device), generator, samples)
            for p in _batches(pictures)
        ]
    return device_arrays({"bound": torch.cat(bounds)})


def _batches(pictures: Tensor) -> Sequence[Tensor]:
    return pictures.split(BATCH)


def negative_elbo(passes: Sequence[Arrays]) -> Array:
    """Return the negative bound of each picture, (N,), the mean over passes, in nats."""
    return np.mean([p["kl"].sum(1) - p["log_likelihood"] for p in passes], axis=0, dtype=np.float64)


def summary(passes: Sequence[Arrays], dimensions: int) -> Row:
    """Return the means over pictures and passes: the bound, its parts, and how sure they are.

    Args:
        dimensions: values of a picture.
    """
    each = negative_elbo(passes)
    of_passes = [float(negative_elbo([one]).mean()) for one in passes]
    nats = float(each.mean())
    kl = np.mean([one["kl"].mean(0, dtype=np.float64) for one in passes], axis=0)
    return {
        "negative_elbo_nats": nats,
        "standard_error_nats": standard_error(each),
        "bits_per_dimension": bits_per_dimension(nats, dimensions),
        "distortion_nats": float(-np.mean([p["log_likelihood"].mean() for p in passes])),
        "kl_nats": float(kl.sum()),
        "kl_by_block_nats": kl.tolist(),
        "by_pass_nats": of_passes,
    }


def gap(first: Array, second: Array, names: Sequence[str]) -> Row:
    """Return by how much the first's values, (N,), are above the second's on the same pictures."""
    difference = first - second
    return {
        "of": names[0],
        "above": names[1],
        "nats": float(difference.mean()),
        "standard_error_nats": standard_error(difference),
        "pictures_in_favour": float((difference < 0).mean()),
    }


def all_passes(
    subject: Subject, pictures: Tensor, kept: Kept, settings: Row, count: int
) -> list[Arrays]:
    """Return ``count`` passes over the pictures; see ``measured_pass``."""
    passes = []
    for number in range(count):
        work = partial(measured_pass, subject, pictures, settings["seed"] + number)
        passes.append(kept.get("elbo", {**settings, "pass": number}, work))
    return passes


def tightened(
    subject: Subject, pictures: Tensor, kept: Kept, settings: Row, counts: Sequence[int]
) -> dict[int, Array]:
    """Return the negative importance-weighted bound of each picture, (N,), by count of samples."""
    found = {}
    for samples in counts:
        own = {**settings, "samples": samples, "pictures": len(pictures)}
        work = partial(measured_importance, subject, pictures, settings["seed"], samples)
        found[samples] = -kept.get("importance", own, work)["bound"].astype(np.float64)
    return found


def measure(
    subjects: Sequence[Subject], data: Data, kept: Kept, options: argparse.Namespace
) -> tuple[Row, list[str], list[str]]:
    """Return the bounds of all models, tables and notes."""
    quick, seed = options.quick, options.seed
    pictures = binarised(data.test, seed)
    wanted = QUICK_IMPORTANCE_PICTURES if quick else IMPORTANCE_PICTURES
    # The test set's first half is easier than its second.
    chosen = pictures[np.random.default_rng(seed).permutation(len(pictures))[:wanted]]
    count = QUICK_PASSES if quick else PASSES
    counts = QUICK_IMPORTANCE_SAMPLES if quick else IMPORTANCE_SAMPLES
    dimensions = pictures[0].numel()
    rows, tight, each, each_tight = [], [], [], []
    for subject in subjects:
        settings = {"model": subject.fingerprint, "data": data.test.fingerprint, "seed": seed}
        passes = all_passes(subject, pictures, kept, settings, count)
        each.append(negative_elbo(passes))
        rows.append({"head": subject.label, **summary(passes, dimensions)})
        harness.say(f"{subject.label}: {rows[-1]['negative_elbo_nats']:.3f} nats")
        each_tight.append(tightened(subject, chosen, kept, settings, counts))
        for samples, values in each_tight[-1].items():
            nats = float(values.mean())
            tight.append(
                {
                    "head": subject.label,
                    "samples": samples,
                    "pictures": len(chosen),
                    "negative_bound_nats": nats,
                    "standard_error_nats": standard_error(values),
                    "bits_per_dimension": bits_per_dimension(nats, dimensions),
                }
            )
    columns = ["head", "negative_elbo_nats", "standard_error_nats", "bits_per_dimension"]
    columns += ["distortion_nats", "kl_nats"]
    texts = [harness.markdown_table(rows, columns), harness.markdown_table(tight, list(tight[0]))]
    results: dict[str, Any] = {
        "test_pictures": len(pictures),
        "binarised_fingerprint": fingerprint_of(pictures),
        "passes": count,
        "elbo": rows,
        "importance_weighted": tight,
    }
    if len(subjects) == 2:
        names = [subject.label for subject in subjects]
        results["gap"] = gap(*each, names)
        results["gap_importance_weighted"] = [
            {"samples": n, **gap(each_tight[0][n], each_tight[1][n], names)} for n in counts
        ]
        texts.append(harness.markdown_table([results["gap"]], list(results["gap"])))
    notes = [
        "test pictures drawn once as zeros and ones, from the brightness, by the seed",
        "standard errors are over pictures; that of the gap is of differences on the same pictures",
        f"the importance-weighted bound is over {len(chosen)} test pictures drawn by the seed:"
        " compare it with its own row of one sample, not with the bound over all",
        "published figures are importance-weighted, of other draws of the binarisation",
    ]
    return results, texts, notes


def device_arrays(arrays: Mapping[str, Tensor]) -> Arrays:
    """Return tensors as arrays."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in arrays.items()}
