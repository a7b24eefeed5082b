import numpy as np
import pytest
import torch
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.priors.conditioning import teaching
from selfsame.priors.conditioning.config import TextConfig
from selfsame.priors.conditioning.teaching import (
    LessonBatches,
    Lessons,
    TextTask,
    lessons_of,
    meanings_of,
)
from selfsame.priors.conditioning.text import TextEncoder
from selfsame.priors.conditioning.words import learn_vocabulary
from selfsame.training import TrainSettings, train

COLUMNS = {
    "captions": np.array(["red apple", "green heart"]),
    "captions_de": np.array(["roter Apfel", ""]),
    "tags": np.array(["fruit red", ""]),
    "groups": np.array(["food", "symbols"]),
}


class Teacher:
    """Says of a text a vector that its words add up to."""

    digest = "0"

    def __init__(self) -> None:
        self.asked = 0

    def meanings(self, texts, progress=None):
        self.asked += len(texts)
        rows = []
        for text in texts:
            words = [torch.Generator().manual_seed(sum(map(ord, w))) for w in text.split()]
            rows.append(sum(torch.randn(16, generator=word) for word in words))
        return F.normalize(torch.stack(rows), dim=1)


def test_lessons_are_words_captions_and_tags_in_every_language() -> None:
    found = lessons_of(COLUMNS, ["moon", "red"])
    assert set(zip(*found, strict=True)) == {
        ("moon", "moon"),
        ("red", "red"),
        ("fruit", "fruit"),
        ("red apple", "red apple"),
        ("green heart", "green heart"),
        ("roter Apfel", "red apple"),
        ("fruit red", "fruit red"),
    }
    assert len(found.texts) == 7


def test_meanings_are_asked_for_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(teaching, "GROUP", 2)
    teacher, texts = Teacher(), ["red", "apple", "red apple"]
    found = meanings_of(teacher, texts, tmp_path)
    assert torch.allclose(found, teacher.meanings(texts), atol=1e-3)
    assert teacher.asked == 6
    assert torch.equal(meanings_of(teacher, texts, tmp_path), found)
    meanings_of(teacher, [*texts[:2], "pear"], tmp_path)
    assert teacher.asked == 7  # the first two are known


def test_an_encoder_learns_to_add_up_words(tmp_path) -> None:
    words = ["red", "green", "blue", "apple", "heart", "face", "moon", "star"]
    pairs = [f"{one} {other}" for one in words for other in words if one != other]
    unseen = pairs[::7]
    learned = words + [pair for pair in pairs if pair not in unseen]
    lessons = Lessons(learned, learned)
    vocabulary = learn_vocabulary(lessons.texts, 60)
    torch.manual_seed(0)
    config = TextConfig(width=32, heads=2, depth=1, longest=8, taught=16)
    task = TextTask(TextEncoder.of_vocabulary(vocabulary, config))
    teacher = Teacher()
    batches = LessonBatches(
        vocabulary.ids(lessons.texts, 8),
        teacher.meanings(learned),
        torch.arange(len(learned)),
        16,
    )
    settings = TrainSettings(
        steps=300, batch=16, lr=3e-3, warmup_steps=10, ema_decay=0.95, device="cpu", workers=0,
        checkpoint_every=300, validate_every=0,
    )  # fmt: skip

    def distance() -> float:
        ids = vocabulary.ids(unseen, 8)
        batch = {"ids": ids, "meanings": teacher.meanings(unseen)}
        whole = TextTask(task.model, batch).validate(task.model, slice(None))
        assert whole.samples == len(unseen)
        return whole.values["distance"]

    before = distance()
    train(task, batches, settings, tmp_path)
    assert before > 0.6
    assert distance() < 0.15


def test_batches_pair_texts_with_their_meanings() -> None:
    ids, meanings = torch.arange(10)[:, None].repeat(1, 3), torch.arange(4.0)[:, None]
    which = torch.arange(10) % 4
    batches = LessonBatches(ids, meanings, which, 5)
    found = batches.batch(0, 1, range(5))
    assert torch.equal(found["meanings"][:, 0].long(), found["ids"][:, 0] % 4)
    assert len(batches) == 10
    other = LessonBatches(ids, meanings + 1, which, 5)
    assert other.fingerprint != batches.fingerprint


def test_validation_without_a_batch_measures_nothing() -> None:
    vocabulary = learn_vocabulary(["red apple"] * 3, 20)
    model = TextEncoder.of_vocabulary(vocabulary, TextConfig(width=8, heads=2, taught=2))
    assert TextTask(model).validate(model, slice(None)).values == {}
    with pytest.raises(InputError, match="was taught no meanings"):
        TextEncoder.of_vocabulary(vocabulary, TextConfig(width=8, heads=2)).meanings(
            torch.ones(1, 2, dtype=torch.int32)
        )
