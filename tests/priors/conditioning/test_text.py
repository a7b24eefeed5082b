from collections import Counter

import pytest
import torch

from selfsame.priors.conditioning.config import TextConfig
from selfsame.priors.conditioning.text import TextEncoder, chosen_text
from selfsame.priors.conditioning.words import learn_vocabulary
from support.small_diffusion import awake

TEXTS = ["red apple", "green apple", "red heart", "grinning face"] * 5


def encoder(**options) -> TextEncoder:
    torch.manual_seed(0)
    config = TextConfig(width=16, heads=2, longest=12, **options)
    made = TextEncoder.of_vocabulary(learn_vocabulary(TEXTS, 40), config)
    awake(made)
    return made.eval()


def test_a_text_reads_the_same_whatever_comes_after_it() -> None:
    made = encoder(taught=5)
    ids = made.ids(["red apple", "red heart", ""])
    features, there = made(ids)
    assert torch.equal(there, ids != 0)
    length = int(there[0].sum())
    alone, _ = made(ids[:1, :length])
    assert torch.allclose(features[:1, :length], alone, atol=1e-5)
    assert torch.allclose(made.meanings(ids)[:1], made.meanings(ids[:1, :length]), atol=1e-5)
    assert features.isfinite().all()


def test_meanings_have_length_one_and_tell_texts_apart() -> None:
    made = encoder(taught=5)
    found = made.meanings(made.ids(["red apple", "apple red", "Red APPLE"]))
    assert torch.allclose(found.norm(dim=1), torch.ones(3))
    assert torch.equal(found[0], found[2])
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_an_encoder_comes_back_with_its_vocabulary(tmp_path) -> None:
    made = encoder(taught=3)
    for dtype, close in ((torch.float32, 0), (torch.int8, 0.2)):
        made.save_pretrained(tmp_path / "text", dtype=dtype)
        again = TextEncoder.from_pretrained(tmp_path / "text")
        ids = again.ids(["grinning heart"])
        assert torch.equal(ids, made.ids(["grinning heart"]))
        assert torch.allclose(again(ids)[0], made(ids)[0], atol=close)


def test_the_first_text_is_taken_as_often_as_all_others() -> None:
    # Texts of one piece: of the first sample four, of the others some are missing.
    ids = torch.tensor([[1, 2, 3, 4], [1, 0, 3, 0], [0, 2, 3, 0], [0, 0, 0, 0]])[..., None]
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([chosen_text(ids, generator)[:, 0] for _ in range(2000)], 1)
    expected = ({1: 3, 2: 1, 3: 1, 4: 1}, {1: 1, 3: 1}, {2: 1, 3: 1}, {0: 1})
    for row, shares in zip(draws, expected, strict=True):
        counts = Counter(row.tolist())
        assert set(counts) == set(shares)
        for text, share in shares.items():
            assert counts[text] / 2000 == pytest.approx(share / sum(shares.values()), abs=0.04)
    assert torch.equal(chosen_text(ids, None)[:, 0], torch.tensor([1, 1, 0, 0]))
