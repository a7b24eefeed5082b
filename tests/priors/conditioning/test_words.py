import numpy as np
import pytest
import torch

from selfsame.errors import CorruptedError, InputError, SettingError
from selfsame.priors.conditioning.words import (
    NOTHING,
    UNKNOWN,
    Vocabulary,
    learn_vocabulary,
    text_columns,
    text_ids,
)

TEXTS = ["red apple", "green apple", "red heart", "grinning face", "Gesicht", "赤い"] * 5


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return learn_vocabulary(TEXTS, 60)


def test_equal_words_have_equal_pieces_whatever_their_case(vocabulary) -> None:
    ids = vocabulary.ids(["red apple", "RED  Apple", "apple red", "red"], 20)
    assert ids.dtype == torch.int32
    assert torch.equal(ids[0], ids[1])
    assert not torch.equal(ids[0], ids[2])
    length = int((ids[3] != NOTHING).sum())
    assert torch.equal(ids[0, :length], ids[3, :length])


def test_nothing_follows_the_last_piece_and_long_texts_are_cut(vocabulary) -> None:
    whole = vocabulary.ids(["red apple", "", "☃"], 20)
    assert (whole[1] == NOTHING).all()
    assert UNKNOWN in whole[2]
    there = whole[0] != NOTHING
    assert there.sum() > 2
    assert torch.equal(there, torch.arange(20) < there.sum())
    assert torch.equal(vocabulary.ids(["red apple"], 2), whole[:1, :2])


def test_learning_repeats_and_comes_back_from_bytes(vocabulary) -> None:
    again = learn_vocabulary(TEXTS, 60)
    assert again.data == vocabulary.data
    assert len(again) == len(Vocabulary(again.data)) <= 60
    assert torch.equal(Vocabulary(again.data).ids(TEXTS, 9), vocabulary.ids(TEXTS, 9))


def test_damaged_vocabularies_and_too_little_to_learn(vocabulary) -> None:
    for data in (b"", b"abc", vocabulary.data[:100]):
        with pytest.raises(CorruptedError, match="vocabulary of a model is damaged"):
            Vocabulary(data)
    with pytest.raises(InputError, match="no vocabulary of 5 pieces"):
        learn_vocabulary(TEXTS, 5)
    with pytest.raises(InputError, match="no vocabulary"):
        learn_vocabulary([], 50)


def test_columns_of_texts_in_all_languages(vocabulary) -> None:
    columns = {
        "groups": np.array(["a", "b"]),
        "captions": np.array(["red apple", "heart"]),
        "captions_de": np.array(["roter Apfel", ""]),
        "tags": np.array(["fruit", "love"]),
    }
    texts = text_columns(columns)
    assert texts == [["red apple", "heart"], ["roter Apfel", ""], ["fruit", "love"]]
    assert text_columns(columns, ["groups"]) == [["a", "b"]]
    ids = text_ids(vocabulary, texts, 8)
    assert ids.shape == (2, 3, 8)
    assert torch.equal(ids[1], vocabulary.ids(["heart", "", "love"], 8))
    with pytest.raises(SettingError, match="no column 'words'; the pictures have groups, captions"):
        text_columns(columns, ["words"])
    for silent in ({}, {"captions": np.array(["", ""])}):
        with pytest.raises(SettingError, match="have no captions"):
            text_columns(silent)
