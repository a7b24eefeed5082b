"""What a command would not use is refused, with a message that names the option and the method."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsame.cli import main


def cases(command: str, method: str, *options: str) -> list[tuple[str, str, str]]:
    """Return command lines; the last option of each is the one that ``method`` does not use."""
    flags = [option[option.rindex("--") :].replace("=", " ").split()[0] for option in options]
    lines = [f"{command} {option}" for option in options]
    return [(line, flag, method) for line, flag in zip(lines, flags, strict=True)]


PLANE = "render vicsek -o p.png"
SPACE = "render menger-sponge -o p.png"
GENERATE = "generate m -o g.png"
FRACTALIZE = "fractalize in.png -o f.png"


@pytest.mark.parametrize(
    ("command", "flag", "method"),
    [
        *cases(
            "render vicsek -o c.ply",
            "a .ply file",
            *("--size 9x9", "--mode grey", "--viewport=0,0,1,1", "--zoom 2", "--center 0,0"),
            *("--supersample 2", "--azimuth 3", "--elevation 4", "--device cpu", "--depth 2"),
        ),
        *cases(PLANE, "a system of the plane", "--azimuth 30", "--elevation 3"),
        *cases(PLANE, "a classic", "--index 0", "--drop-unsupported"),
        *cases(
            f"{PLANE} --depth 3",
            "--depth",
            *("--points 9", "--mode grey", "--supersample 2", "--device cpu"),
        ),
        *cases(f"{PLANE} --mode patch", "--mode patch", "--supersample 3", "--device cpu"),
        *cases(
            SPACE,
            "a system of space",
            *("--depth 2", "--viewport=0,0,1,1", "--mode auto", "--center 0,0", "--device cpu"),
        ),
        *cases(
            "sample vicsek -o s.ssm",
            "a classic",
            *("--count 1", "--maps 4", "--seed 0", "--filling-rate 0.2", "--threads 1"),
        ),
        *cases(
            "sample anderson-farrell -o s.ssm",
            "anderson-farrell",
            *("--filling-rate 0.2", "--threads 1"),
        ),
        *cases("sample --list", "--list", "--size 9x9", "--quiet"),
        ("sample vicsek --list", "KIND", "--list"),
        *cases("convert c.json -o c.ssm", "a .json file", "--drop-unsupported", "--index 0"),
        *cases("info c.json", "a .json file", "--drop-unsupported", "--index 0"),
        *cases("info c.json", "no --plot", "--overwrite"),
        *cases(FRACTALIZE, "a picture", "--frames 9", "--at 1,1", "--width 9"),
        *cases(FRACTALIZE, "copies of IMAGE", "--repeats 2", "--seed 0"),
        *cases(
            f"{FRACTALIZE} --style in.png",
            "--style",
            *("--strength 0.5", "--saturation 0.5", "--turns any"),
        ),
        *cases(f"{FRACTALIZE} --loop", "--zoom or --loop", "--scale 2", "--style in.png"),
        *cases(GENERATE, "made-up pictures", "--from d.npz"),
        *cases(f"{GENERATE} --interpolate", "--interpolate", "--columns 2", "--draw-pixels"),
        *cases(f"{GENERATE} --animate --from d.npz", "--from", "--temperature 1", "--seed 0"),
        *cases(f"{GENERATE} --animate", "--animate", "--gap 2", "--separate", "--columns 2"),
        *cases(
            f"{GENERATE} --reconstruct d.npz",
            "--reconstruct",
            *("--seed 0", "--temperature 1", "--draw-pixels"),
        ),
        *cases(f"{GENERATE} --separate", "--separate", "--gap 0", "--columns 2"),
    ],
)
def test_it_is_refused(
    command: str,
    flag: str,
    method: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((20, 20), 99, np.uint8)).save("in.png")
    main(["sample", "vicsek", "-o", "c.json", "--quiet"])
    assert main(command.split()) == 2
    message = " ".join(capsys.readouterr().err.split())
    assert f"{flag} belongs to " in message
    assert message.endswith(f"it is not used with {method}")
    assert {path.name for path in tmp_path.iterdir()} == {"in.png", "c.json"}
