"""Old names of modules and functions still work, and say where they have gone."""

import importlib
import subprocess
import sys

import pytest

from selfsame import moved
from selfsame.errors import InputError


@pytest.mark.parametrize("name", moved._MOVED)
def test_every_old_module_leads_to_modules_that_exist(name) -> None:
    for home in moved._MOVED[name]:
        assert importlib.util.find_spec(f"selfsame.{home}") is not None


def test_an_old_import_works_with_a_warning_at_its_place() -> None:
    code = "\n\nfrom selfsame.images import to_uint8\nimport selfsame.io.pictures as new\n"
    code += "assert to_uint8 is new.to_uint8"
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=True
    )
    assert "<string>:3: DeprecationWarning: selfsame.images is selfsame.io.pictures" in done.stderr


def test_renamed_functions_are_found() -> None:
    with pytest.warns(DeprecationWarning, match="is selfsame"):
        from selfsame.bitstream import decode, encode
    from selfsame.codes.store import pack, unpack

    assert (encode, decode) == (pack, unpack)


def test_functions_that_became_methods_are_found(tmp_path) -> None:
    with pytest.warns(DeprecationWarning, match="is selfsame"):
        from selfsame.collage.storage import load_model, model_card, save_model
    save_model(load_model("photo"), tmp_path / "again", {"by": "me"})
    assert model_card(tmp_path / "again") == {"by": "me"}
    with pytest.warns(DeprecationWarning, match="selfsame.priors.vdvae.network.Vdvae.shipped"):
        from selfsame.priors import shipped_models
    assert shipped_models() == ["mnist"]
    with pytest.warns(DeprecationWarning, match="is selfsame"):
        from selfsame.pretrain import load_network
    with pytest.raises(InputError, match="no network 'absent'"):
        load_network("absent")


def test_modules_that_became_packages_forward_their_names() -> None:
    from selfsame.metrics.pictures import psnr_db

    with pytest.warns(DeprecationWarning, match="selfsame.metrics.pictures.psnr_db"):
        from selfsame.metrics import psnr_db as old
    assert old is psnr_db


def test_other_modules_are_still_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"selfsame\.frobnicate"):
        importlib.import_module("selfsame.frobnicate")
    with pytest.warns(DeprecationWarning, match="is selfsame"):
        old = importlib.import_module("selfsame.codec")
    with pytest.raises(AttributeError, match="frobnicate"):
        _ = old.frobnicate
