"""Models in folders: ``model.safetensors``, ``config.json`` and a card, ``README.md``.

The file of weights is a whole model: its metadata hold the config and the card as well. It is
replaced in one atomic step, so that whoever is killed while a model is written leaves the old one
or the new one. The two other files say the same to people and to the Hugging Face Hub; a
``config.json`` that says something else is an error, never believed.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.io import hub
from selfsame.io.files import write_bytes
from selfsame.io.model_card import REPLACED, card_text
from selfsame.io.model_place import (
    CARD_NAME,
    CONFIG_NAME,
    RUN_MODEL,
    WEIGHTS_NAME,
    local_weights,
    metadata_of,
    model_place,
    unknown_model,
)
from selfsame.io.model_weights import FileDtype, weights_from_bytes, weights_to_bytes

MAX_FILE_BYTES = 1 << 30

_NAME_LENGTH = 32


class Pretrained(nn.Module):
    """A network that is kept in a folder, in the package or on the Hugging Face Hub.

    A subclass is made from its config alone and says the things below.

    Attributes:
        config: a dataclass; as JSON, its fields make an equal one.
        name: what the model is called, in files that are made with it too.
        file_format: of the folder, ``selfsame KIND VERSION``.
        config_type: the class of ``config``.
        home: package whose folder ``models`` holds the models that ship; empty: none do.
        noun: what messages call such a network.
        folder, made_by: what messages call the folder of one, and what writes it.
        file_dtype: of the numbers in files unless asked otherwise.
    """

    file_format: ClassVar[str]
    config_type: ClassVar[type[Any]]
    home: ClassVar[str] = ""
    noun: ClassVar[str] = "model"
    folder: ClassVar[str] = "the folder"
    made_by: ClassVar[str] = "save_pretrained"
    file_dtype: ClassVar[torch.dtype] = torch.float16

    config: Any
    name: str = "untitled"

    @classmethod
    def from_config(cls, config: Any) -> Self:
        """Return a network with weights from torch's generator."""
        return cls(config)

    @classmethod
    def least_tensors(cls, config: Any) -> int:
        """Return a number of tensors that a network has at least.

        A file with fewer is refused before a network of absurd depth is made.
        """
        return 0

    @classmethod
    def shipped(cls) -> list[str]:
        """Return the names of the models inside the package, sorted."""
        if not cls.home:
            return []
        models = Path(str(resources.files(cls.home))) / "models"
        return sorted(path.parent.name for path in models.glob(f"*/{WEIGHTS_NAME}"))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Return a model, ready to use, on the CPU and in single precision.

        Args:
            source: one of ``shipped()``, the folder that ``save_pretrained`` or a training wrote,
                a file in it, a single file of an earlier version, or
                ``hf://OWNER/NAME[@REVISION]``.
        Raises:
            InputError: there is no such model.
            CorruptedError: what is there is no model, or a damaged one.
            UnsupportedError: it is of another kind, or newer than this build.
            MissingExtraError: huggingface_hub is needed and not installed.
        """
        file = _open(cls, source)
        weights = weights_from_bytes(file.data, file.path)
        try:
            config = cls.config_type(**file.table("config"))
            if cls.least_tensors(config) > len(weights):
                raise ValueError(f"{len(weights)} tensors cannot fill it")
            with torch.device("meta"):  # no memory for a shape that the file has no weights for
                _check_weights(cls.from_config(config), weights, file.path)
        except CorruptedError:
            raise
        except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
            raise CorruptedError(f"{file.path} is a damaged model: {error}") from error
        with torch.random.fork_rng(devices=[]):
            model = cls.from_config(config)
        model.load_state_dict(weights)
        model.name = file.name
        return model.eval()

    @classmethod
    def card_of(cls, source: str | Path) -> dict[str, Any]:
        """Return the card of a model, as it was saved; errors as for ``from_pretrained``."""
        return _open(cls, source).table("card")

    def save_pretrained(
        self,
        folder: str | Path,
        card: Mapping[str, Any] | None = None,
        *,
        dtype: FileDtype | None = None,
    ) -> None:
        """Write the model to a folder, made if need be.

        Args:
            card: what people should know of it, ready for JSON; see ``model_card.card_text``.
            dtype: of the numbers in the file, instead of the class's; the model keeps its own. See
                ``selfsame.io.model_weights.FileDtype``.
        Raises:
            InputError: the folder cannot be made or has a ``config.json`` of something else, or a
                weight is not finite in this ``dtype``.
        """
        place, kind = Path(folder), self.file_format.split()[1]
        config, card = asdict(self.config), dict(card or {})
        about = {"format": self.file_format, "config": config, "card": card}
        metadata = {
            "format": self.file_format,
            "config": json.dumps(config),
            "card": json.dumps(card),
        }
        contents = {
            WEIGHTS_NAME: weights_to_bytes(self, metadata, dtype or self.file_dtype),
            CONFIG_NAME: (json.dumps(about, indent=1) + "\n").encode(),
            CARD_NAME: card_text(place.resolve().name, kind, card).encode(),
        }
        _write_folder(place, contents)

    def digest(self) -> str:
        """Return a digest of config and weights, 16 hexadecimal digits."""
        digest = hashlib.sha256(repr(self.config).encode())
        for name, weight in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.cpu().numpy().tobytes())
        return digest.hexdigest()[:16]


class _ModelFile(NamedTuple):
    """A file of weights: its path and bytes, what the model is called, and what the file says of
    it: ``format``, ``config`` and ``card``."""

    path: Path
    name: str
    data: bytes
    about: Mapping[str, Any]

    def table(self, key: str) -> dict[str, Any]:
        """Return the config or the card.

        Raises:
            CorruptedError: there is none, or it is no object.
        """
        value = self.about.get(key)
        if not isinstance(value, dict):
            raise CorruptedError(f"{self.path} is a damaged model: its {key} is no object of JSON")
        return value


def _open(cls: type[Pretrained], source: str | Path) -> _ModelFile:
    """Return the file of a model; errors as for ``from_pretrained``."""
    path, name = _find(cls, source)
    data = _read(path)
    texts = metadata_of(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about: dict[str, Any] = {}
    if "format" in texts:
        about["format"] = texts["format"]
        about |= {key: _parsed(texts[key], path) for key in ("config", "card") if key in texts}
    if path.name == WEIGHTS_NAME:
        about = _agreed(about, path)
    if "format" not in about:
        raise CorruptedError(f"{path} is no {cls.noun}: it does not say of which kind it is")
    if about["format"] != cls.file_format:
        raise UnsupportedError(
            f"{path} has the format {about['format']!r}, {cls.file_format!r} is read here; take "
            "another model, or update selfsame"
        )
    return _ModelFile(path, name, data, about)


def _find(cls: type[Pretrained], source: str | Path) -> tuple[Path, str]:
    """Return the file of a model's weights, and what the model is called."""
    text, shipped = str(source), cls.shipped()
    if text.startswith(hub.SCHEME):
        path, name = hub.download(text, WEIGHTS_NAME)
        return path, plain_name(name)
    if text in shipped:
        return Path(str(resources.files(cls.home))) / "models" / text / WEIGHTS_NAME, text
    weights = local_weights(source)
    if weights is None:
        folder = model_place(source)
        if _described(folder / CONFIG_NAME) is not None:
            raise CorruptedError(f"{folder / WEIGHTS_NAME} is missing: it is the model's weights")
        raise unknown_model(text, shipped, [cls.made_by], cls.noun, cls.folder)
    if weights.name != WEIGHTS_NAME:
        return weights, plain_name(weights.stem)
    folder = weights.resolve().parent
    in_run = folder.name == RUN_MODEL and (folder.parent / CONFIG_NAME).is_file()
    return weights, plain_name((folder.parent if in_run else folder).name)


def _agreed(about: dict[str, Any], weights: Path) -> dict[str, Any]:
    """Return what a file says of its weights or, of an early VDVAE, the ``config.json`` beside it.

    Raises:
        CorruptedError: that file is damaged, or says something else than the weights' own.
    """
    config = weights.with_name(CONFIG_NAME)
    described = _described(config)
    if described is None:
        return about
    # As text, in which NaN is equal to itself.
    said, known = (json.dumps(each, sort_keys=True) for each in (about, described))
    if about and said != known:
        raise CorruptedError(
            f"{config} is no description of {weights.name} beside it, it may have been edited; "
            "delete it, or save the model again"
        )
    return described


def _described(config: Path) -> dict[str, Any] | None:
    """Return what a ``config.json`` says of a model; None if there is none, or of something else.

    Raises:
        CorruptedError: it is no object of JSON.
    """
    if not config.is_file():
        return None
    described = _parsed(_read(config), config)
    if not isinstance(described, dict):
        raise CorruptedError(f"{config} is a damaged model: it is no object of JSON")
    return described if "format" in described else None


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{path}: a model has at most {MAX_FILE_BYTES} bytes in a file")
    return path.read_bytes()


def _parsed(text: str | bytes, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise CorruptedError(f"{path} is a damaged model: {error}") from error


def _write_folder(place: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files of a model; a new folder appears when all of them are in it.

    Raises:
        InputError: the folder cannot be made, or has a ``config.json`` of something else.
    """
    if not place.is_dir():
        if place.exists():
            raise InputError(f"{place} is a file; a model needs a folder")
        if not place.parent.is_dir():
            raise InputError(f"folder {place.parent} does not exist; create it first")
        with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as temporary:
            made = Path(temporary) / place.name
            made.mkdir()
            for name, data in contents.items():
                write_bytes(made / name, data)
            made.rename(place)
        return
    config, readme = place / CONFIG_NAME, place / CARD_NAME
    try:
        foreign = config.exists() and _described(config) is None
    except CorruptedError:
        foreign = True
    if foreign:
        raise InputError(f"{config} is of something else; give the model a folder of its own")
    keeps_readme = readme.exists() and REPLACED not in readme.read_text("utf-8", "replace")
    # Gone before the weights are replaced, so that at no time do they describe other weights.
    config.unlink(missing_ok=True)
    for name, data in contents.items():
        if name != CARD_NAME or not keeps_readme:
            write_bytes(place / name, data)


def plain_name(name: str) -> str:
    """Return a name of at most 32 letters, digits, dots, dashes and underscores, for a model."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return plain[:_NAME_LENGTH] or "model"


def _check_weights(model: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Raise ``CorruptedError`` unless ``weights`` are those of a model, by names and shapes."""
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise CorruptedError(
                f"{path} is a damaged model: its shape asks for {name} of size "
                f"{wanted.get(name, 'none')}, the file has {found.get(name, 'none')}"
            )
