"""How probable a picture is, given what a head drew.

Both distributions are of pictures, (B, C, H, W) in [0, 1], given parameters, (B, P, H, W), of which
a pixel has ``parameters``, P.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_LOG_SCALE = -7.0
"""Of a logistic distribution, in [-1, 1]: below, it lies within one of the 256 values anyway."""

MAX_LOG_SCALE = 7.0
"""Above, all but two thousandths of the distribution lie beyond black and white anyway."""

TOP = 255
"""The greatest value; 0 ... 255 lie evenly in [-1, 1], each in the middle of its bin."""


class Bernoulli:
    """Pixels that are 0 or 1, each by a logit."""

    def __init__(self, channels: int) -> None:
        self.parameters = channels

    def log_prob(self, pictures: Tensor, parameters: Tensor) -> Tensor:
        """Return the log-probability of each picture, (B,), in nats.

        Values between 0 and 1 give the cross entropy.
        """
        losses = F.binary_cross_entropy_with_logits(parameters, pictures, reduction="none")
        return -losses.flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pictures, (B, C, H, W) in [0, 1]."""
        return parameters.sigmoid()

    def sample(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        """Return pictures drawn, (B, C, H, W), zeros and ones."""
        return torch.bernoulli(parameters.sigmoid(), generator=generator)


class DiscretizedLogisticMixture:
    """Pixels that are bytes over 255, by a mixture of logistic distributions cut into 256 bins.

    The bins of 0 and 255 are open. All channels of a pixel are of one component; in it, the mean of
    green depends linearly on red, and that of blue on red and green. A picture's value counts as
    the nearest byte.

    The parameters of a pixel are K logits, C·K means, C·K logarithms of scales, and in colour 3·K
    slopes before tanh. Parameters that are all zero spread the means evenly over [-1, 1], with
    scales of their distance: about the uniform distribution, from which every component sees
    pixels that are nearest to it.

    Source: Salimans, Karpathy, Chen and Kingma, "PixelCNN++: Improving the PixelCNN with
    Discretized Logistic Mixture Likelihood and Other Modifications", ICLR 2017.
    """

    def __init__(self, channels: int, mixtures: int) -> None:
        """Make the likelihood of pictures of 1 or 3 channels, with K mixtures."""
        self.channels, self.mixtures = channels, mixtures
        self.parameters = mixtures * (10 if channels == 3 else 3)

    def log_prob(self, pictures: Tensor, parameters: Tensor) -> Tensor:
        """Return the log-probability of each picture, (B,), in nats."""
        log_weights, means, log_scales, slopes = self.components(parameters)
        dtype = torch.promote_types(pictures.dtype, parameters.dtype)
        levels = (pictures * TOP).round()[:, None].to(dtype)
        if slopes is not None:
            means = torch.stack(
                [
                    self._shifted(means, slopes, channel, _centred(levels))
                    for channel in range(self.channels)
                ],
                2,
            )
        values = discretized_logistic_log_prob(levels, means, log_scales)
        pixels = (log_weights + values.sum(2)).logsumexp(1)
        return pixels.flatten(1).sum(1)

    def mean(self, parameters: Tensor) -> Tensor:
        """Return the expected pictures, as of ``Bernoulli.mean``.

        That of the distributions cut off at black and white but not into bins: at most half a
        level from that of the bytes. In colour, the channels that a mean depends on are taken at
        their own means, which is exact where nothing is cut off.
        """
        log_weights, means, log_scales, slopes = self.components(parameters)
        found: list[Tensor] = []
        for channel in range(self.channels):
            before = torch.stack(found, 2) if found else means
            centre = self._shifted(means, slopes, channel, before)
            found.append(clipped_logistic_mean(centre, log_scales[:, :, channel]))
        expected = (log_weights.exp()[:, :, None] * torch.stack(found, 2)).sum(1)
        return (0.5 * (expected + 1)).clamp(0, 1)

    def sample(self, parameters: Tensor, generator: torch.Generator) -> Tensor:
        """Return pictures drawn, (B, C, H, W), bytes over 255."""
        log_weights, *rest = self.components(parameters)
        # One row of weights per pixel.
        rows = log_weights.exp().movedim(1, -1).flatten(0, -2)
        drawn = torch.multinomial(rows, 1, generator=generator)
        index = drawn.view(len(log_weights), 1, 1, *log_weights.shape[2:])
        means, log_scales, slopes = (
            None if values is None else values.take_along_dim(index, 1) for values in rest
        )
        assert means is not None
        assert log_scales is not None
        uniform = torch.rand(
            log_scales.shape, generator=generator, device=means.device, dtype=means.dtype
        )
        # At an end of the unit interval the logit is infinite.
        noise = uniform.logit(torch.finfo(uniform.dtype).eps) * log_scales.exp()
        found: list[Tensor] = []
        for channel in range(self.channels):
            before = _centred(torch.stack(found, 2)) if found else means
            value = self._shifted(means, slopes, channel, before) + noise[:, :, channel]
            found.append((0.5 * (value + 1) * TOP).round().clamp(0, TOP))
        return torch.cat(found, 1) / TOP

    def components(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Return the mixtures that parameters, (B, P, H, W), code: K components of C channels each.

        Returns:
            The logarithms of their weights, (B, K, H, W); their means, (B, K, C, H, W), in [-1, 1]
            if they are those of a picture; the logarithms of their scales, alike, bounded; the
            slopes, (B, K, 3, H, W) in (-1, 1), of green's mean by red, of blue's by red and by
            green; None in grey.
        """
        count, channels = self.mixtures, self.channels
        lengths = [count, channels * count, channels * count]
        lengths.append(self.parameters - sum(lengths))
        logits, means, log_scales, slopes = parameters.split_with_sizes(lengths, 1)
        spread = torch.arange(1, 2 * count, 2, device=means.device, dtype=means.dtype) / count - 1
        means, log_scales = (
            values.reshape(len(values), count, channels, *values.shape[2:])
            for values in (means, log_scales)
        )
        if channels == 3:
            slopes = slopes.reshape(len(slopes), count, 3, *slopes.shape[2:]).tanh()
        return (
            F.log_softmax(logits, 1),
            means + spread.view(-1, 1, 1, 1),
            (log_scales - math.log(count)).clamp(MIN_LOG_SCALE, MAX_LOG_SCALE),
            slopes if channels == 3 else None,
        )

    @staticmethod
    def _shifted(means: Tensor, slopes: Tensor | None, channel: int, values: Tensor) -> Tensor:
        """Return the means of a channel, (B, K, H, W), where the values before it are known.

        Args:
            values: of the channels before it at least, (B, K or 1, C, H, W) in [-1, 1].
        """
        mean = means[:, :, channel]
        if slopes is None:
            return mean
        first = (0, 0, 1)[channel]
        for before in range(channel):
            mean = mean + slopes[:, :, first + before] * values[:, :, before]
        return mean


def discretized_logistic_log_prob(levels: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return the log-probability of each level, in nats, finite in every tail.

    With a and b the lower and upper end of the level's bin, less the mean, over the scale,
    ``σ(b) - σ(a) = σ(b) σ(-a) (1 - exp(a - b))``, whose logarithm needs no difference of numbers
    that are nearly equal. An end at black or white lies at infinity.

    Args:
        levels: whole numbers 0 ... 255.
        mean: of the logistic distribution, in [-1, 1], where the levels lie evenly.
        log_scale: logarithm of its scale, in the same unit.
    """
    steepness = (-log_scale).exp()
    distance = _centred(levels) - mean
    lowest, highest = levels <= 0, levels >= TOP
    below_upper = F.logsigmoid((distance + 1 / TOP) * steepness)
    above_lower = F.logsigmoid((1 / TOP - distance) * steepness)
    width = (-(-2 / TOP * steepness).expm1()).log()
    return (
        below_upper.masked_fill(highest, 0)
        + above_lower.masked_fill(lowest, 0)
        + width.masked_fill(lowest | highest, 0)
    )


def clipped_logistic_mean(mean: Tensor, log_scale: Tensor) -> Tensor:
    """Return the mean of a logistic distribution cut off at -1 and 1, where the ends take the rest.

    The integral over [-1, 1] of the probability to lie above, less 1.
    """
    scale = log_scale.exp()
    above_black = F.softplus((mean + 1) / scale)
    above_white = F.softplus((mean - 1) / scale)
    return scale * (above_black - above_white) - 1


def _centred(levels: Tensor) -> Tensor:
    """Return levels 0 ... 255 in [-1, 1]."""
    return levels * (2 / TOP) - 1
