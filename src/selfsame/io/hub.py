"""Files of models on the Hugging Face Hub, by addresses ``hf://OWNER/NAME[@REVISION]``."""

import re
from pathlib import Path

from selfsame.errors import InputError, SettingError

SCHEME = "hf://"

_ADDRESS = re.compile(r"hf://(?P<repository>[^/@]+/(?P<name>[^/@]+))(@(?P<revision>.+))?")


def download(address: str, file: str) -> tuple[Path, str]:
    """Return where a file of a repository is on this machine, downloaded if it is new, and NAME.

    The library's own variables apply: HF_ENDPOINT, HF_HOME, HF_TOKEN, HF_HUB_OFFLINE.

    Raises:
        InputError: an address of another form, or no such repository, revision or file.
        MissingExtraError: huggingface_hub is not installed.
    """
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise SettingError(f"a model on the hub is hf://OWNER/NAME or …@REVISION: got {address}")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        path = hf_hub_download(parts["repository"], file, revision=parts["revision"])
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise InputError(f"{address}: {file} cannot be downloaded: {error}") from error
    return Path(path), parts["name"]
