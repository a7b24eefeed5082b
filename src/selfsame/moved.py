"""Where modules of version 0.1 have gone: their old names work for one version, with a warning.

To go in version 0.3, together with the calls of ``forwarding``.
"""

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from operator import attrgetter
from types import ModuleType
from typing import Any

_MOVED = {
    "bitstream": ("codes.store",),
    "bitstream.container": ("coding.container",),
    "codec": ("codes.encode", "codes.render"),
    "collage.fractalize": ("mosaic",),
    "collage.model": ("collage.network.model",),
    "collage.storage": ("collage.network.model", "collage.codec.decode"),
    "collage.train": ("collage.network.train",),
    "datasets.fractals": ("fractals",),
    "datasets.fractals.write": ("fractals.files.write",),
    "device": ("run.device",),
    "files": ("io.files",),
    "grids": ("io.grids", "io.pictures"),
    "ifs.batch": ("ifs.render.batch",),
    "ifs.encoder.storage": ("ifs.encoder.network",),
    "ifs.dimension": ("ifs.geometry.dimension",),
    "ifs.flame": ("ifs.exchange.flame",),
    "ifs.histogram": ("ifs.render.histogram",),
    "ifs.library": ("ifs.samples.library",),
    "ifs.ply": ("ifs.exchange.ply",),
    "ifs.points": ("ifs.render.points",),
    "ifs.sampling": ("ifs.samples.random",),
    "ifs.viewport": ("ifs.geometry.viewport",),
    "images": ("io.pictures",),
    "iteration": ("codes.render",),
    "pretrain": ("lab",),
    "pretrain.classification": ("lab.probe.classification",),
    "pretrain.experiment": ("lab.probe.experiment",),
    "pretrain.labelled": ("datasets.labelled",),
    "pretrain.network_files": ("lab.networks.architectures",),
    "pretrain.probes": ("lab.probe.probes",),
    "pretrain.set_config": ("lab.sets.config",),
    "priors.config": ("priors.vdvae.config",),
    "priors.data": ("priors.vdvae.data",),
    "priors.distances": ("metrics.sets",),
    "priors.noise": ("priors.generation",),
    "priors.recipe": ("priors.vdvae.data",),
    "priors.storage": ("priors.vdvae.network",),
    "priors.train": ("priors.vdvae.train",),
    "settings": ("codes.settings",),
    "training.crops": ("datasets.crops",),
}
"""Old module -> the modules that have its names now, all within ``selfsame``."""

_RENAMED = {
    ("bitstream", "encode"): "pack",
    ("bitstream", "decode"): "unpack",
    ("collage.fractalize", "FractalCode"): "MosaicCode",
    **{
        (old, f"{verb}{noun}"): f"{kind}.{new}"
        for old, noun, kind in (
            ("collage.storage", "_model", "CollageModel"),
            ("ifs.encoder", "_encoder", "SetEncoder"),
            ("ifs.encoder.storage", "_encoder", "SetEncoder"),
            ("pretrain", "_network", "Network"),
            ("pretrain.network_files", "_network", "Network"),
        )
        for verb, new in (("load", "from_pretrained"), ("save", "save_pretrained"))
    },
    ("collage.storage", "model_card"): "CollageModel.card_of",
    ("ifs.encoder.storage", "encoder_card"): "SetEncoder.card_of",
    ("pretrain.network_files", "network_card"): "Network.card_of",
    **{
        (old, name): f"Vdvae.{new}"
        for old in ("priors", "priors.storage")
        for name, new in (
            ("from_pretrained", "from_pretrained"),
            ("model_card", "card_of"),
            ("save_pretrained", "save_pretrained"),
            ("shipped_models", "shipped"),
        )
    },
}
"""Old module and name -> new name, of a method with its class's before a dot."""


class _Finder:
    """Makes an old module whose names are looked up in the new ones."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != "selfsame" or name not in _MOVED:
            return None
        loader: Any = self  # not of importlib.abc, which takes long to be imported
        return ModuleSpec(fullname, loader, is_package=True)

    def create_module(self, spec: ModuleSpec) -> None:
        """A module of the usual kind."""

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__.partition(".")[2]
        vars(module)["__getattr__"] = forwarding(module.__name__, *_MOVED[name])
        homes = " and ".join(f"selfsame.{home}" for home in _MOVED[name])
        warnings.warn(
            f"{module.__name__} is {homes} now; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,  # warnings skip the import system
        )


def install() -> None:
    """Let the old modules be found."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # a folder left behind by an old version is none


def forwarding(
    owner: str, *homes: str, attached: Callable[[str], Any] | None = None
) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module or package whose names have moved.

    Args:
        owner: its ``__name__``.
        homes: where the names are looked up, within ``selfsame``.
        attached: its ``__getattr__`` otherwise, if only what has another name now has moved.
    """

    def look_up(name: str) -> Any:
        if attached is not None and (owner.partition(".")[2], name) not in _RENAMED:
            return attached(name)
        if not name.startswith("__"):
            new = _RENAMED.get((owner.partition(".")[2], name), name)
            for home in homes:
                module = import_module(f"selfsame.{home}")
                if hasattr(module, new.partition(".")[0]):
                    warnings.warn(
                        f"{owner}.{name} is selfsame.{home}.{new} now; the old name goes with "
                        "version 0.3",
                        DeprecationWarning,
                        stacklevel=2,
                    )
                    return attrgetter(new)(module)
        raise AttributeError(f"module {owner!r} has no attribute {name!r}")

    return look_up
