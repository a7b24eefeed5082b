import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent

FALLBACK = ["ziglang"]
"""What the build takes only where there is no compiler."""


def test_every_dependency_has_its_reason() -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, build = whole["project"], whole["build-system"]["requires"]
    groups = [project["dependencies"], *project["optional-dependencies"].values(), build, FALLBACK]
    names = {re.split(r"[<>=\[ ]", entry)[0] for group in groups for entry in group}
    text = (ROOT / "docs" / "dependencies.md").read_text()
    reasons = dict(re.findall(r"^\| ([a-z0-9_-]+) \|(.*)\|$", text, re.MULTILINE))
    assert set(reasons) - {"package"} == names - {"selfsame"}
