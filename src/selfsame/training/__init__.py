"""Training of networks: one loop for every model, checkpoints, logs, batches of crops.

The names below load on first use: settings can be read without torch.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.datasets.crops import FolderCrops as FolderCrops
    from selfsame.training.loop import TrainResult as TrainResult
    from selfsame.training.loop import train as train
    from selfsame.training.settings import TrainSettings as TrainSettings
    from selfsame.training.task import ParameterGroup as ParameterGroup
    from selfsame.training.task import Task as Task

_HOME = {
    "FolderCrops": "selfsame.datasets.crops",
    "ParameterGroup": "selfsame.training.task",
    "Task": "selfsame.training.task",
    "TrainResult": "selfsame.training.loop",
    "TrainSettings": "selfsame.training.settings",
    "train": "selfsame.training.loop",
}

__getattr__ = lazy_names(__name__, _HOME)
