"""Trained models that make pictures up: of which kind one is."""

from importlib import resources
from pathlib import Path
from typing import Literal, get_args

from selfsame.errors import SettingError
from selfsame.io.model_place import WEIGHTS_NAME, kind_at, model_place, unknown_model

Kind = Literal["vdvae", "diffusion"]

KINDS: tuple[Kind, ...] = get_args(Kind)


def shipped() -> dict[str, Kind]:
    """Return the models of the package, with their kinds."""
    found: dict[str, Kind] = {}
    for kind in KINDS:
        models = Path(str(resources.files(f"selfsame.priors.{kind}"))) / "models"
        found |= {path.parent.name: kind for path in sorted(models.glob(f"*/{WEIGHTS_NAME}"))}
    return found


def kind_of(model: str) -> Kind:
    """Return the kind of a model: of a name, a path or an address.

    Raises:
        SettingError: there is no model, or one of another kind.
        Others as ``kind_at``.
    """
    names = shipped()
    if model in names:
        return names[model]
    found = kind_at(model)
    if found is None and not model_place(model).exists():
        raise unknown_model(model, names, [f"selfsame train {kind}" for kind in KINDS])
    if found is None:  # an early file, or a damaged one: its loader says what is wrong
        return "vdvae"
    if found not in KINDS:
        raise SettingError(
            f"{model} is a model of the kind {found!r}: pictures are made up by "
            f"{' or '.join(KINDS)}"
        )
    return found
