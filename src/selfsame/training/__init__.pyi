from .loop import TrainResult as TrainResult
from .loop import train as train
from .settings import TrainSettings as TrainSettings
from .task import Loss as Loss
from .task import Means as Means
from .task import ParameterGroup as ParameterGroup
from .task import Task as Task
from .task import TaskBase as TaskBase
