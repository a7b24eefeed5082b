"""Options of the command line made from the fields of settings, and what belongs to a method."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import numpy as np
import pytest
from click.testing import CliRunner

from selfsame.checked import Checked, Range
from selfsame.cli.shared.call import Methods, given_settings, note, report
from selfsame.cli.shared.options import SIZE, common_options, settings_options


@dataclass(frozen=True)
class Settings(Checked):
    """Something to choose.

    Attributes:
        steps: how many; more of them
            take longer.
        rate, fall: between steps. None: as much
            as is safe.
        mode: ``hybrid`` or ``pure``.
        flips: whether pictures are flipped.
        model: a file.
    Raises:
        InputError: steps: never.
    """

    steps: Annotated[int, Range(1, 9)] = 5
    rate: Annotated[float, Range(0, 1, open_low=True)] | None = None
    fall: Annotated[float, Range(0)] = 0.25
    mode: Literal["hybrid", "pure"] = "hybrid"
    flips: bool = True
    model: Path | None = None
    sides: tuple[int, ...] = ()


NAMES = ("steps", "rate", "fall", "mode", "flips", "model")


@click.command()
@settings_options(Settings, *NAMES)
def command(**options: Any) -> None:
    """Print the settings that were given."""
    click.echo(sorted(given_settings(Settings, options).items()))


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, words)
    return result.exit_code, result.output


def test_only_what_is_given_arrives() -> None:
    assert run() == (0, "[]\n")
    code, output = run("--steps", "3", "--no-flips", "--rate", "1", "--mode", "pure")
    assert code == 0
    assert output == "[('flips', False), ('mode', 'pure'), ('rate', 1.0), ('steps', 3)]\n"
    assert run("--model", "a")[1] == f"[('model', {Path('a')!r})]\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--steps", "0"), "0 is not in the range 1<=x<=9"),
        (("--steps", "2.5"), "'2.5' is not a valid integer"),
        (("--rate", "0"), "0.0 is not in the range 0<x<=1"),
        (("--fall", "-1"), "-1.0 is not in the range x>=0"),
        (("--mode", "x"), "'x' is not one of 'hybrid', 'pure'"),
    ],
)
def test_ranges_and_choices_are_those_of_the_fields(words: tuple[str, ...], message: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert message in output


def test_help_is_the_text_of_the_docstring_with_the_default() -> None:
    text = " ".join(run("--help")[1].split())
    for words in (
        "--steps INTEGER RANGE How many; more of them take longer [default: 5]. [1<=x<=9]",
        "Between steps [default: as much as is safe]. [0<x<=1]",
        "Between steps [default: 0.25]. [x>=0]",
        "--mode [hybrid|pure] hybrid or pure [default: hybrid].",
        "--flips / --no-flips Whether pictures are flipped [default: yes].",
        "--model PATH A file.",
    ):
        assert words in text


def test_an_object_gives_other_defaults_and_a_command_other_words() -> None:
    @click.command()
    @settings_options(Settings(steps=7), "steps", "mode", prefix="Up: ", help={"mode": "Hm."})
    def other(**options: Any) -> None: ...

    output = " ".join(CliRunner().invoke(other, ["--help"]).output.split())
    assert "Up: how many; more of them take longer [default: 7]." in output
    assert "--mode [hybrid|pure] Hm. --help" in output


def test_a_field_that_no_option_can_give_is_the_programmers_mistake() -> None:
    with pytest.raises(TypeError, match="no option can be made"):
        settings_options(Settings, "sides", help={"sides": ""})(lambda: None)


@pytest.mark.parametrize(("text", "size"), [("1x1", (1, 1)), ("640x480", (640, 480))])
def test_sizes_are_width_by_height(text: str, size: tuple[int, int]) -> None:
    assert SIZE.convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "640", "640x", "0x5", "5x0", "-1x5", "100000x1", "1.5x2"])
def test_other_sizes_are_wrong_usage(text: str) -> None:
    with pytest.raises(click.UsageError, match="is not a size such as 640x480"):
        SIZE.convert(text, None, None)


@click.command()
@common_options("json", "quiet")
def reporting(**_: bool) -> None:
    report({"a": np.float32(1), "b": Path("c")}, "hello")
    report({}, "asked for", asked=True)
    note("by the way")


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        ("", "asked for\n", "hello\nby the way\n"),
        ("--quiet", "asked for\n", ""),
        ("--json", '{"a": 1.0, "b": "c"}\n{}\n', "by the way\n"),
        ("--json --quiet", '{"a": 1.0, "b": "c"}\n{}\n', ""),
    ],
)
def test_report_goes_to_one_stream_only(words: str, out: str, err: str) -> None:
    result = CliRunner().invoke(reporting, words.split())
    assert (result.stdout, result.stderr) == (out, err)


def test_what_is_no_json_is_the_programmers_mistake() -> None:
    @click.command()
    @common_options("json")
    def wrong(**_: bool) -> None:
        report({"a": object()}, "")

    with pytest.raises(TypeError, match="cannot be written as JSON"):
        CliRunner().invoke(wrong, ["--json"], catch_exceptions=False)


METHODS = Methods({"--by walking": ("shoes", "steps"), "--by car": ("fuel", "--nothing", "steps")})


@click.command()
@click.option("--by", type=click.Choice(["walking", "car", "boat"]), default="walking")
@click.option("--shoes/--no-shoes", default=None)
@click.option("-f", "--fuel", default="petrol")
@click.option("--steps", multiple=True)
@click.option("--hat", is_flag=True)
def travel(by: str, **options: Any) -> None:
    METHODS.check("a boat" if by == "boat" else f"--by {by}")


@pytest.mark.parametrize(
    "words",
    ["", "--hat", "--shoes --steps 1", "--by car -f oil --steps 1 --steps 2", "--by boat --hat"],
)
def test_options_of_the_method_and_of_all_methods_pass(words: str) -> None:
    assert CliRunner().invoke(travel, words.split()).exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-f petrol", "--fuel belongs to --by car: it is not used with --by walking"),
        ("--by car --no-shoes", "--no-shoes belongs to --by walking: it is not used with --by car"),
        (
            "--by boat --steps 1",
            "--steps belongs to --by walking or --by car: it is not used with a boat",
        ),
    ],
)
def test_options_of_other_methods_are_refused(words: str, message: str) -> None:
    result = CliRunner().invoke(travel, words.split())
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
