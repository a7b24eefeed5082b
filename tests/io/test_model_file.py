import http.server
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    MissingExtraError,
    UnsupportedError,
)
from selfsame.io import model_file
from selfsame.io.model_card import REPLACED, card_text
from selfsame.io.model_file import Pretrained, plain_name
from support.absence import finders_without
from support.fuzzing import damaged_copies, outcomes

CARD = {"data": "none", "licence": "of nothing at all", "validation": {"error": 0.123456789}}


@dataclass(frozen=True)
class ToyConfig:
    width: int
    sizes: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if not isinstance(self.width, int) or not 0 < self.width <= 1 << 30:
            raise InputError(f"width must be above 0: got {self.width}")


class Toy(Pretrained):
    file_format = "selfsame toy 1"
    config_type = ToyConfig
    noun = "toy"
    made_by = "selfsame train toy"
    config: ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.layer = nn.Linear(config.width, 3)
        self.norm = nn.BatchNorm1d(3)
        self.register_buffer("halves", torch.full((2,), 0.5), persistent=False)


def toy(width: int = 4, seed: int = 0) -> Toy:
    torch.manual_seed(seed)
    return Toy(ToyConfig(width))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    toy().save_pretrained(tmp_path / "mine", CARD)
    return tmp_path / "mine"


def test_the_folder_of_a_training_is_that_of_its_model(tmp_path) -> None:
    run = tmp_path / "digits"
    run.mkdir()
    (run / "config.json").write_text('{"train": {"steps": 4}}')
    model = toy()
    model.save_pretrained(run / "model", CARD)
    for source in (run, run / "model", run / "config.json", run / "model" / "README.md"):
        again = Toy.from_pretrained(source)
        assert again.digest() == Toy.from_pretrained(run / "model").digest()
        assert again.name == "digits"  # of all that are called "model" none could be told apart
        assert Toy.card_of(source) == CARD
    model.save_pretrained(tmp_path / "model")
    assert Toy.from_pretrained(tmp_path / "model").name == "model"


def kept(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What a file keeps of numbers, one by one."""
    if dtype != torch.int8:
        return tensor.to(dtype)
    if tensor.ndim < 2:
        return tensor.half()
    rows = []
    for row in tensor:
        scale = float((row.abs().max() / 127).half())
        rows.append(torch.tensor([round(float(x) / scale) * scale for x in row.flatten()]))
    return torch.stack(rows).reshape(tensor.shape)


@pytest.mark.parametrize("dtype", [None, torch.float16, torch.float32, torch.int8])
def test_a_model_comes_back(tmp_path, dtype) -> None:
    model = toy()
    model.norm.num_batches_tracked += 100_000  # more than half precision has
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.save_pretrained(tmp_path / "m", CARD, dtype=dtype)
    again = Toy.from_pretrained(tmp_path / "m")
    assert again.config == model.config
    assert again.name == "m"
    assert not again.training
    assert all(parameter.requires_grad for parameter in again.parameters())
    assert torch.equal(again.halves, torch.full((2,), 0.5))
    for name, tensor in again.state_dict().items():
        assert torch.equal(model.state_dict()[name], before[name]), "saving changed the model"
        whole = not tensor.is_floating_point()
        wanted = before[name] if whole else kept(before[name], dtype or torch.float16)
        assert torch.equal(tensor, wanted.to(tensor.dtype))
        assert tensor.dtype == before[name].dtype
    assert (again.digest() == model.digest()) == (dtype == torch.float32)
    assert Toy.card_of(tmp_path / "m") == CARD


def test_a_folder_or_a_file_in_it_names_a_model(folder, monkeypatch) -> None:
    for path in (folder, *folder.iterdir(), str(folder / "model.safetensors")):
        assert Toy.from_pretrained(path).name == "mine"
    monkeypatch.chdir(folder)
    assert Toy.from_pretrained(".").name == "mine"
    single = shutil.copy(folder / "model.safetensors", folder.parent / "größe & more.safetensors")
    assert Toy.from_pretrained(single).name == "gr--e---more"
    assert plain_name("x" * 40) == "x" * 32


def test_loading_draws_no_random_numbers(folder) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Toy.from_pretrained(folder)
    assert torch.equal(torch.rand(3), expected)


def test_models_ship_in_the_folder_of_a_package(folder, monkeypatch) -> None:
    class Shipping(Toy):
        home = "shipping"

    package = folder.parent / "shipping"
    shutil.copytree(folder, package / "models" / "small")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(folder.parent)
    assert Shipping.shipped() == ["small"]
    assert Toy.shipped() == []
    assert Shipping.from_pretrained("small").name == "small"
    with pytest.raises(InputError, match="no toy 'big': give small, the folder that `selfsame"):
        Shipping.from_pretrained("big")


def test_nothing_ships_from_the_working_folder(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert Toy.shipped() == []
    assert Toy.from_pretrained(folder.name).name == folder.name


def test_a_model_replaces_another(folder) -> None:
    other = toy(7)
    other.save_pretrained(folder)
    assert Toy.from_pretrained(folder).config == other.config
    assert Toy.card_of(folder) == {}
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert [p.name for p in folder.parent.iterdir()] == ["mine"]


def test_a_kill_between_any_two_writes_leaves_one_model_whole(folder, monkeypatch) -> None:
    """Whatever is cut off, what loads is the old model or the new one, config and card included."""
    old, new = (3, {"which": "old"}), (5, {"which": "new"})
    found = set()
    for survived in range(4):
        place = folder.parent / f"run-{survived}"
        toy(old[0]).save_pretrained(place, old[1])
        written = []

        def cut(path, data, written=written, survived=survived) -> None:
            if len(written) == survived:
                raise KeyboardInterrupt
            written.append(path)
            Path(path).write_bytes(data)

        monkeypatch.setattr(model_file, "write_bytes", cut)
        try:
            toy(new[0]).save_pretrained(place, new[1])
        except KeyboardInterrupt:
            assert len(written) == survived
        monkeypatch.undo()
        width = Toy.from_pretrained(place).config.width
        assert (width, Toy.card_of(place)) in (old, new)
        found.add(width)
    assert found == {3, 5}


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    def fail(path, data) -> None:
        if path.name == "README.md":
            raise OSError("disk full")
        Path(path).write_bytes(data)

    monkeypatch.setattr(model_file, "write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        toy().save_pretrained(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_description_of_something_else_is_not_believed(folder) -> None:
    config = folder / "config.json"
    about = json.loads(config.read_text())
    config.write_text(json.dumps({**about, "config": {"width": 9}}))
    for read in (Toy.from_pretrained, Toy.card_of):
        with pytest.raises(CorruptedError, match="may have been edited"):
            read(folder)
    config.write_text("{")
    with pytest.raises(CorruptedError, match="damaged"):
        Toy.from_pretrained(folder)
    config.unlink()
    assert Toy.from_pretrained(folder).config.width == 4


def test_files_of_others_are_left_alone(folder) -> None:
    (folder / "README.md").write_text("my own words")
    toy(5).save_pretrained(folder)
    assert (folder / "README.md").read_text() == "my own words"
    (folder / "config.json").write_text('{"train": {}}')
    with pytest.raises(InputError, match="a folder of its own"):
        toy(6).save_pretrained(folder)
    assert (folder / "config.json").read_text() == '{"train": {}}'
    assert Toy.from_pretrained(folder).config.width == 5


def test_places_where_no_model_can_be_are_named(tmp_path, folder) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        toy().save_pretrained(tmp_path / "file")
    with pytest.raises(InputError, match="create it first"):
        toy().save_pretrained(tmp_path / "absent" / "m")
    for name in ("frobnicate", tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="no toy"):
            Toy.from_pretrained(name)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CorruptedError, match="missing"):
        Toy.from_pretrained(folder)


def test_files_larger_than_a_model_are_refused(folder, monkeypatch) -> None:
    monkeypatch.setattr(model_file, "MAX_FILE_BYTES", 100)
    with pytest.raises(InputError, match="at most 100 bytes"):
        Toy.from_pretrained(folder)


def test_numbers_that_half_precision_lacks_are_refused(tmp_path) -> None:
    model = toy()
    with torch.no_grad():
        model.layer.weight += 1e5
    with pytest.raises(InputError, match="float32"):
        model.save_pretrained(tmp_path / "m")
    assert not (tmp_path / "m").exists()
    model.save_pretrained(tmp_path / "m", dtype=torch.float32)
    assert torch.equal(Toy.from_pretrained(tmp_path / "m").layer.weight, model.layer.weight)


def rewritten(folder: Path, **changes: object) -> None:
    """Write the weights again with other tensors or metadata; None leaves one out."""
    path = folder / "model.safetensors"
    tensors: dict[str, torch.Tensor] = load_file(path)
    about = {"format": "selfsame toy 1", "config": '{"width": 4}', "card": "{}"}
    for name, value in changes.items():
        table = tensors if "." in name else about
        table.pop(name, None)
        if value is not None:
            table[name] = value
    save_file(tensors, path, about)
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"layer.bias": torch.tensor([0.0, 1.0, torch.nan])}, CorruptedError, "not finite"),
        ({"layer.bias": torch.tensor([0.0, 1.0, torch.inf])}, CorruptedError, "not finite"),
        ({"layer.bias": torch.zeros(4)}, CorruptedError, "layer.bias of size"),
        ({"layer.bias": None}, CorruptedError, "layer.bias of size"),
        ({"layer.more": torch.zeros(1)}, CorruptedError, "layer.more of size none"),
        ({"config": None}, CorruptedError, "its config is no object"),
        ({"config": "{"}, CorruptedError, "damaged"),
        ({"config": "[4]"}, CorruptedError, "its config is no object"),
        ({"config": "[" * 100_000}, CorruptedError, "damaged"),
        ({"config": '{"width": 0}'}, CorruptedError, "width must be above 0"),
        ({"config": '{"width": 1000000000}'}, CorruptedError, "layer.weight of size"),
        ({"config": '{"width": 4, "depth": 3}'}, CorruptedError, "damaged"),
        ({"format": "selfsame toy 2"}, UnsupportedError, "update selfsame"),
        ({"format": None}, CorruptedError, "is no toy: it does not say of which kind"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_damaged_and_hostile_files_are_named(folder, changes, error, text) -> None:
    rewritten(folder, **changes)
    with pytest.raises(error, match=text):
        Toy.from_pretrained(folder)


def test_a_card_is_an_object(folder) -> None:
    rewritten(folder, card="[]")
    with pytest.raises(CorruptedError, match="its card"):
        Toy.card_of(folder)


def test_cut_files_are_named(folder) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for cut in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CorruptedError, match="damaged"):
            Toy.from_pretrained(folder)
    path.write_bytes(b"PK" + whole)
    with pytest.raises(CorruptedError, match="damaged"):
        Toy.from_pretrained(folder)


@pytest.mark.parametrize(("name", "least"), [("config.json", 0), ("model.safetensors", 20)])
def test_flipped_bytes_give_a_named_error_or_a_model(name, least, tmp_path) -> None:
    folder = tmp_path / "m"
    toy().save_pretrained(folder)
    whole = (folder / name).read_bytes()

    def read(data: bytes) -> Toy:
        (folder / name).write_bytes(data)
        return Toy.from_pretrained(folder)

    accepted, refused = outcomes(read, damaged_copies(whole, 200, most=1), FormatError)
    # Only the weights' numbers may differ: all that describes them is known twice.
    assert all(found.config == toy().config for found in accepted)
    assert len(accepted) >= least
    assert len(refused) >= 100


def test_cards_have_front_matter_and_say_all(folder) -> None:
    lines = (folder / "README.md").read_text().splitlines()
    end = lines.index("---", 1)
    front = dict(line.split(": ", 1) for line in lines[1:end])
    assert {key: json.loads(value) for key, value in front.items()} == {
        "license": "other",
        "license_name": "of nothing at all",
        "library_name": "selfsame",
        "tags": ["image", "toy"],
    }
    rest = lines[end + 1 :]
    assert rest[:2] == [REPLACED, "# mine"]
    assert "| data | none |" in rest
    assert rest.index("## Validation") < rest.index("| error | 0.12346 |")
    assert 'license: "apache-2.0"' in card_text("m", "toy", {"licence": "Apache-2.0"})
    assert 'license: "unknown"' in card_text("m", "toy", {})
    assert "| a | x \\| y z |" in card_text("m", "toy", {"a": "x | y\nz"})


def test_the_hub_reads_the_cards(folder) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard.load(folder / "README.md")
    assert (card.data.license, card.data.license_name) == ("other", "of nothing at all")
    assert card.data.library_name == "selfsame"


class Hub(http.server.BaseHTTPRequestHandler):
    """What huggingface_hub asks of a server to download one file, of ``owner/toy`` at two commits.

    Attributes:
        files: revision -> the bytes of ``model.safetensors``.
    """

    files: dict[str, bytes]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        *_, owner, name, resolve, revision, file = ["", "", *self.path.split("/")]
        known = [owner, name, resolve, file] == ["owner", "toy", "resolve", "model.safetensors"]
        body = self.files.get(revision, b"") if known else b""
        self.send_response(200 if body else 404)
        if body:
            self.send_header("ETag", f'"{revision}"')
            self.send_header("X-Repo-Commit", {"main": "1" * 40, "small": "2" * 40}[revision])
            self.send_header("Accept-Ranges", "bytes")
        else:
            self.send_header("X-Error-Code", "RevisionNotFound" if known else "RepoNotFound")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def endpoint(tmp_path):
    pytest.importorskip("huggingface_hub")
    for name, width in (("main", 4), ("small", 2)):
        toy(width).save_pretrained(tmp_path / name, {"revision": name})
    files = {n: (tmp_path / n / "model.safetensors").read_bytes() for n in ("main", "small")}
    handler = type("Served", (Hub,), {"files": files})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_models_come_from_a_hub(endpoint, tmp_path) -> None:
    """In a process of its own: the library reads its variables when it is imported."""
    script = textwrap.dedent("""
        from test_model_file import Toy
        from selfsame.errors import InputError

        for source in ("hf://owner/toy", "hf://owner/toy@small", "hf://owner/toy"):
            model = Toy.from_pretrained(source)
            print(model.config.width, model.name, Toy.card_of(source)["revision"])
        for source in ("hf://owner/absent", "hf://owner/toy@absent", "hf://toy", "hf://a/b/c@"):
            try:
                Toy.from_pretrained(source)
            except InputError as error:
                print("refused", source in str(error))
    """)
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "cache"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "4 toy main",
        "2 toy small",
        "4 toy main",
        *["refused True"] * 4,
    ]


def test_without_the_hub_extra_its_install_command_is_given(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "huggingface_hub", raising=False)
    monkeypatch.setattr(sys, "meta_path", finders_without("huggingface_hub"))
    with pytest.raises(MissingExtraError, match=r"huggingface_hub: .* '\.\[hub\]'"):
        Toy.from_pretrained("hf://owner/toy")
