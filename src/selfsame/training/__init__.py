"""Training of networks: one loop for every model, checkpoints, logs, batches of crops.

The names below load on first use: settings can be read without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfsame.training.crops import FolderCrops as FolderCrops
    from selfsame.training.loop import TrainResult as TrainResult
    from selfsame.training.loop import train as train
    from selfsame.training.settings import TrainSettings as TrainSettings
    from selfsame.training.task import ParameterGroup as ParameterGroup
    from selfsame.training.task import Task as Task

_HOME = {
    "FolderCrops": "selfsame.training.crops",
    "ParameterGroup": "selfsame.training.task",
    "Task": "selfsame.training.task",
    "TrainResult": "selfsame.training.loop",
    "TrainSettings": "selfsame.training.settings",
    "train": "selfsame.training.loop",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
