import json

import pytest

from selfsame.training.logs import LOG_NAME, TrainingLog, read_log


def test_lines_come_back_and_later_steps_are_dropped_on_resume(tmp_path) -> None:
    log = TrainingLog(tmp_path, after=-1)
    for step in (10, 20, 30):
        log.write("train", step, {"loss": step / 2, "device": "cpu"})
    log.close()
    path = tmp_path / LOG_NAME
    path.write_text(path.read_text() + '{"kind": "train", "st')  # as a kill leaves it
    assert [line["step"] for line in read_log(tmp_path)] == [10, 20, 30]
    log = TrainingLog(tmp_path, after=20)
    log.write("train", 30, {"loss": 7.0})
    log.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(10, 5.0), (20, 10.0), (30, 7.0)]


def test_a_new_training_starts_a_new_log(tmp_path) -> None:
    for _ in range(2):
        log = TrainingLog(tmp_path, after=-1)
        log.write("start", 0, {})
        log.close()
    assert len(read_log(tmp_path)) == 1


def test_tensorboard_gets_the_numbers(tmp_path) -> None:
    tensorboardx = pytest.importorskip("tensorboardX")
    log = TrainingLog(tmp_path, after=-1)
    log.write("train", 3, {"loss": 0.25, "name": "text"})
    log.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    found = {}
    from tensorboardX.event_file_writer import EventsWriter  # noqa: F401  (the format's writer)
    from tensorboardX.proto import event_pb2

    contents, at = events.read_bytes(), 0
    while at < len(contents):  # records: length, its checksum, the event, its checksum
        length = int.from_bytes(contents[at : at + 8], "little")
        event = event_pb2.Event.FromString(contents[at + 12 : at + 12 + length])
        found |= {value.tag: (event.step, value.simple_value) for value in event.summary.value}
        at += 16 + length
    assert found == {"train/loss": (3, 0.25)}
    assert tensorboardx.__version__


def test_without_tensorboard_the_lines_are_still_written(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)
    log = TrainingLog(tmp_path, after=-1)
    log.write("train", 1, {"loss": 1.0})
    log.close()
    assert [p.name for p in tmp_path.iterdir()] == [LOG_NAME]
