import subprocess
import sys

import click
import pytest

import selfsame
from selfsame import cli
from selfsame.cli import main
from selfsame.errors import InputError, SettingError

COMMANDS = [
    "bench",
    "convert",
    "dataset",
    "decode",
    "edit",
    "encode",
    "fit",
    "fractalize",
    "generate",
    "info",
    "latents",
    "probe",
    "render",
    "sample",
    "train",
]


def run(monkeypatch, callback) -> int:
    """The exit status of a command whose body is ``callback``."""
    command = click.Command("info", callback=callback)
    monkeypatch.setattr(cli._LazyGroup, "get_command", lambda *_: command)
    return main(["info"])


def test_help_lists_every_command_on_stdout(capsys) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out[out.index("Commands:") :].splitlines()[1:]
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys) -> None:
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"Usage: selfsame {command}")
    assert main([command, "-h"]) == 0


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"selfsame, version {selfsame.__version__}\n"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["--frobnicate"], ["info", "--frobnicate"]])
def test_wrong_usage_gives_2_on_stderr(arguments: list[str], capsys) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "frobnicate" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_options_give_2_everywhere(command: str, capsys) -> None:
    assert main([command, "--frobnicate"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (InputError("my message"), "my message"),
        (OSError("disk full"), "disk full"),
        (MemoryError("std::bad_alloc"), "there is not enough memory for this"),
    ],
)
def test_failures_give_1_and_one_line_on_stderr(error, shown, monkeypatch, capsys) -> None:
    def body() -> None:
        raise error

    assert run(monkeypatch, body) == 1
    assert capsys.readouterr() == ("", f"selfsame: {shown}\n")


def test_wrong_settings_are_wrong_usage_and_give_2(monkeypatch, capsys) -> None:
    def body() -> None:
        raise SettingError("my setting")

    assert run(monkeypatch, body) == 2
    assert capsys.readouterr() == ("", "selfsame: my setting\n")


def test_interrupts_give_130(monkeypatch, capsys) -> None:
    def body() -> None:
        raise KeyboardInterrupt

    assert run(monkeypatch, body) == 130
    assert "interrupted" in capsys.readouterr().err


def test_our_own_bugs_are_not_hidden(monkeypatch) -> None:
    def body() -> None:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        run(monkeypatch, body)


def test_success_gives_0(monkeypatch) -> None:
    assert run(monkeypatch, lambda: None) == 0


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "selfsame", "info", "none.ssm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "selfsame: no such file: none.ssm\n"
