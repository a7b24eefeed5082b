"""Values that hold arrays: equality, hashes, and nothing that can be written to."""

import pickle
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import numpy as np
import pytest

from selfsame.values import Notes, Value, read_only


@dataclass(frozen=True, eq=False)
class Held(Value):
    name: str
    numbers: Any
    inner: tuple[Any, ...] = ()


def test_equality_is_that_of_all_fields() -> None:
    value = Held("a", np.arange(3), (np.ones(2), "x"))
    assert value == Held("a", np.arange(3), (np.ones(2), "x"))
    assert value != Held("b", np.arange(3), (np.ones(2), "x"))
    assert value != Held("a", np.arange(4), (np.ones(2), "x"))
    assert value != Held("a", np.array([0, 1, 3]), (np.ones(2), "x"))
    assert value != Held("a", np.arange(3), (np.ones(2), "y"))
    assert value != Held("a", np.arange(3), (np.ones(2),))
    assert value != "a"


def test_the_type_of_an_array_is_part_of_it() -> None:
    assert Held("a", np.zeros(2, np.int32)) != Held("a", np.zeros(2, np.int64))
    assert Held("a", None) != Held("a", np.zeros(2))
    assert Held("a", np.zeros(2)) != Held("a", [0.0, 0.0])


def test_another_class_is_never_equal() -> None:
    @dataclass(frozen=True, eq=False)
    class Other(Held):
        pass

    assert Held("a", 1) != Other("a", 1)


def test_equal_values_have_equal_hashes() -> None:
    first, second = (Held("a", np.arange(3), (np.ones(2), Notes(a="b"))) for _ in range(2))
    assert hash(first) == hash(second)
    assert len({first, second}) == 1


def test_an_array_that_somebody_can_write_to_is_copied() -> None:
    mine = np.arange(4)
    kept = read_only(mine[1:])
    mine[:] = 9
    assert kept.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 0


def test_an_array_that_nobody_can_write_to_is_kept() -> None:
    kept = read_only(np.arange(4))
    assert read_only(kept) is kept
    part = kept[1:]
    assert read_only(part) is part
    bytes_ = np.frombuffer(b"abc", np.uint8)
    assert read_only(bytes_) is bytes_


def test_a_read_only_view_of_writable_memory_is_copied() -> None:
    owner = np.arange(4)
    view = owner.view()
    view.setflags(write=False)
    kept = read_only(view)
    owner[0] = 7
    assert kept[0] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda notes: notes.__setitem__("a", "c"),
        lambda notes: notes.__delitem__("a"),
        lambda notes: notes.update(a="c"),
        lambda notes: notes.pop("a"),
        lambda notes: notes.popitem(),
        lambda notes: notes.clear(),
        lambda notes: notes.setdefault("b", "c"),
        lambda notes: notes.__ior__({"b": "c"}),
    ],
)
def test_notes_cannot_be_changed(change) -> None:
    notes = Notes(a="b")
    with pytest.raises(TypeError, match="cannot be changed"):
        change(notes)
    assert notes == {"a": "b"}


def test_notes_survive_pickling() -> None:
    again = pickle.loads(pickle.dumps(Notes(a="b")))
    assert again == {"a": "b"}
    assert type(again) is Notes


def test_fields_cannot_be_set() -> None:
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        Held("a", 1).name = "b"  # type: ignore[misc]
