"""Tokens that look at each other."""

import math

import pytest
import torch

from selfsame.nn.transformer import Attention, TransformerBlock, attention


def slow(query, key, value, mask=None):
    """Attention number by number, in double precision."""
    query, key, value = (each.double() for each in (query, key, value))
    result = torch.zeros(*query.shape[:3], value.shape[-1], dtype=torch.float64)
    for b in range(query.shape[0]):
        for h in range(query.shape[1]):
            for t in range(query.shape[2]):
                scores = [
                    float(query[b, h, t] @ key[b, h, s]) / math.sqrt(query.shape[-1])
                    for s in range(key.shape[2])
                ]
                weights = [
                    math.exp(score) if mask is None or mask[b, 0, 0, s] else 0.0
                    for s, score in enumerate(scores)
                ]
                for s, weight in enumerate(weights):
                    result[b, h, t] += weight / sum(weights) * value[b, h, s]
    return result


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("autocast", [False, True])
def test_attention_is_the_weighted_mean_of_values(masked, autocast):
    random = torch.Generator().manual_seed(0)
    query = torch.randn(2, 3, 4, 5, generator=random)
    key, value = torch.randn(2, 2, 3, 6, 5, generator=random)
    mask = torch.rand(2, 1, 1, 6, generator=random) < 0.6 if masked else None
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = attention(query, key, value, mask)
    assert found.dtype == torch.float32  # single precision, whatever autocast says
    torch.testing.assert_close(found.double(), slow(query, key, value, mask), rtol=1e-5, atol=1e-6)


def test_a_block_is_the_identity_before_training_and_equivariant_after():
    random = torch.Generator().manual_seed(0)
    block = TransformerBlock(8, 2)
    x = torch.randn(2, 5, 8, generator=random)
    with torch.no_grad():
        assert torch.equal(block(x), x)
        for parameter in block.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
        order = torch.tensor([3, 0, 4, 1, 2])
        torch.testing.assert_close(block(x)[:, order], block(x[:, order]))
        assert (block(x) - x).abs().max() > 0.1


def test_tokens_look_at_others():
    random = torch.Generator().manual_seed(0)
    attend = Attention(8, 2)
    x = torch.randn(1, 3, 8, generator=random)
    other = x.clone()
    other[0, 2] += 1
    assert (attend(x, x, None)[0, 0] - attend(other, other, None)[0, 0]).abs().max() > 1e-4
