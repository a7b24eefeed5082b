"""Data sets of fractals made by the workers of a Dask cluster."""

import sys
from pathlib import Path

import pytest

from selfsame.fractals.files.layout import Layout
from selfsame.fractals.files.write import write_dataset
from selfsame.run.cluster import Cluster
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress
from support.clusters import kill_one, local_cluster
from support.small_recipe import noise

LAYOUT = Layout("webdataset", (0.6, 0.2, 0.2), 2)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_worker_killed_midway_costs_nothing(tmp_path) -> None:
    killed = []

    def kill(done: float, total: float, label: str) -> None:
        if done and not killed:
            killed.append(kill_one(cluster))

    with local_cluster(2) as cluster:
        executor = Cluster(cluster.scheduler_address)
        written = write_dataset(
            noise(pause=0.05),
            tmp_path / "out",
            LAYOUT,
            executor=executor,
            progress=Progress(kill),
        )
    assert killed
    assert (written.made, written.kept) == (30, 0)
    write_dataset(noise(), tmp_path / "here", LAYOUT, executor=Processes(1))
    assert tree(tmp_path / "out") == tree(tmp_path / "here")
