import pickle

import pytest
import torch

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.io.files import remove_unfinished
from selfsame.training.checkpoint import (
    check_same,
    checkpoints,
    latest_checkpoint,
    load_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)

STATE = {"weights": {"a": torch.arange(5000.0)}, "text": "x", "numbers": [1, 2.5]}


def steps_in(folder) -> list[int]:
    return [step for step, _ in checkpoints(folder)]


def test_what_was_saved_comes_back(tmp_path) -> None:
    path = save_checkpoint(tmp_path / "c", 12, STATE, keep=1)
    state = load_checkpoint(path)
    assert torch.equal(state["weights"]["a"], STATE["weights"]["a"])
    assert (state["text"], state["numbers"], state["step"]) == ("x", [1, 2.5], 12)


def test_the_newest_are_kept_and_found_by_name(tmp_path) -> None:
    for step in (5, 50, 9, 100):
        save_checkpoint(tmp_path, step, STATE, keep=2)
    (tmp_path / "step-notes.txt").write_text("not one")
    assert steps_in(tmp_path) == [100, 50]
    assert latest_checkpoint(tmp_path, pytest.fail)["step"] == 100
    remove_checkpoints(tmp_path)
    assert steps_in(tmp_path) == []
    assert latest_checkpoint(tmp_path, pytest.fail) is None
    assert latest_checkpoint(tmp_path / "none", pytest.fail) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "foreign", "code", "other"])
def test_a_damaged_newest_gives_the_one_before_with_a_note(tmp_path, damage) -> None:
    save_checkpoint(tmp_path, 1, STATE, keep=3)
    path = save_checkpoint(tmp_path, 2, STATE, keep=3)
    contents = bytearray(path.read_bytes())
    if damage == "cut":
        del contents[len(contents) // 2 :]
    elif damage == "flip":
        contents[len(contents) // 2] ^= 1  # among the weights: only a checksum can tell
    elif damage == "empty":
        contents.clear()
    elif damage == "foreign":
        contents[:] = b"not a checkpoint"
    elif damage == "code":
        contents[:] = pickle.dumps(print)
    path.write_bytes(contents)
    if damage == "other":
        torch.save(STATE, path)
    with pytest.raises(CorruptedError, match=path.name):
        load_checkpoint(path)
    notes: list[str] = []
    assert latest_checkpoint(tmp_path, notes.append)["step"] == 1
    assert len(notes) == 1
    assert path.name in notes[0]


def test_code_in_a_checkpoint_is_not_run(tmp_path) -> None:
    path = tmp_path / "step-0000000001.pt"

    class Trap:
        def __reduce__(self):
            return (path.with_suffix(".sprung").write_text, ("x",))

    torch.save({"version": 1, "trap": Trap()}, path)
    with pytest.raises(CorruptedError, match="is damaged: Weights only load failed"):
        load_checkpoint(path)
    assert not path.with_suffix(".sprung").exists()


def test_a_checkpoint_of_another_version_is_not_passed_over(tmp_path) -> None:
    save_checkpoint(tmp_path, 1, STATE, keep=3)
    torch.save({**STATE, "version": 99, "step": 2}, tmp_path / "step-0000000002.pt")
    with pytest.raises(UnsupportedError, match="of version 99, this build reads"):
        latest_checkpoint(tmp_path, pytest.fail)


def test_a_failed_write_leaves_the_old_checkpoints(tmp_path) -> None:
    save_checkpoint(tmp_path, 1, STATE, keep=1)
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        save_checkpoint(tmp_path, 2, {"bad": (n for n in "x")}, keep=1)
    assert [p.name for p in tmp_path.iterdir()] == ["step-0000000001.pt"]


def test_unfinished_files_are_removed_and_checkpoints_stay(tmp_path, monkeypatch) -> None:
    save_checkpoint(tmp_path, 1, STATE, keep=1)
    monkeypatch.setattr("pathlib.Path.unlink", lambda path: None)  # as if killed before
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        save_checkpoint(tmp_path, 2, {"bad": (n for n in "x")}, keep=1)
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 2
    remove_unfinished(tmp_path)
    remove_unfinished(tmp_path / "none")
    assert [p.name for p in tmp_path.iterdir()] == ["step-0000000001.pt"]


def test_check_same_names_what_differs(tmp_path) -> None:
    before = {"settings": {"lr": 0.1, "betas": [0.9, 0.99], "seed": 0}, "config": {"old": 1}}
    check_same(before, {**before, "settings": {**before["settings"], "betas": (0.9, 0.99)}}, "f")
    now = {"settings": {"lr": 0.2, "betas": [0.9, 0.99], "seed": 0}, "config": {}}
    with pytest.raises(InputError, match="--restart") as caught:
        check_same(before, now, tmp_path)
    text = str(caught.value)
    assert "settings.lr is 0.1 there and 0.2 here" in text
    assert "config.old is 1 there and nothing here" in text
    assert "betas" not in text
