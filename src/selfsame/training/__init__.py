"""Training of networks: one loop for every model, checkpoints, logs, batches of crops."""

from selfsame.training.crops import FolderCrops as FolderCrops
from selfsame.training.loop import TrainResult as TrainResult
from selfsame.training.loop import train as train
from selfsame.training.settings import TrainSettings as TrainSettings
from selfsame.training.task import ParameterGroup as ParameterGroup
from selfsame.training.task import Task as Task
