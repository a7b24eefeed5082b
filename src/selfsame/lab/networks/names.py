"""The networks by name, light to import."""

from typing import Literal, get_args

NetworkName = Literal["lenet", "resnet18", "vit"]
NETWORKS: tuple[NetworkName, ...] = get_args(NetworkName)
