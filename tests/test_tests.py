"""What weak tests look like, as far as ruff (see pyproject.toml) does not see it."""

import ast
from collections.abc import Callable, Set
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TREES = {path: ast.parse(path.read_text()) for path in sorted(TESTS.rglob("*.py"))}
SHARED = [tree for path, tree in TREES.items() if path.parent == TESTS / "support"]
CHECKS = {"raises", "warns", "fail", "gradcheck"}


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def named_tests(tree: ast.AST) -> list[ast.FunctionDef]:
    return [function for function in functions(tree) if function.name.startswith("test_")]


def called(node: ast.AST) -> str:
    """The last name of what is called, or nothing."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def checks(node: ast.AST) -> bool:
    """Whether an assertion, or a call of pytest's or of a library's, is in the code."""
    return any(
        isinstance(part, ast.Assert)
        or (name := called(part)) in CHECKS
        or name.startswith("assert_")
        for part in ast.walk(node)
    )


def checking(found: list[ast.FunctionDef], known: Set[str] = frozenset()) -> set[str]:
    """The names of functions that check something, by themselves or by another that does."""
    calls = {f.name: {called(part) for part in ast.walk(f)} for f in found}
    names = {f.name for f in found if checks(f)}
    while more := {name for name, of in calls.items() if of & (names | known)} - names:
        names |= more
    return names


HELPERS = checking([function for tree in SHARED for function in functions(tree)])


def without_check(tree: ast.AST) -> list[str]:
    checked = checking(functions(tree), HELPERS)
    return [test.name for test in named_tests(tree) if test.name not in checked]


def without_match(tree: ast.AST) -> list[int]:
    """Lines that expect an error of a parameter or one of several, with any message: ruff asks
    for a ``match`` only where the error is named."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if called(node) in {"raises", "warns"}
        and isinstance(node, ast.Call)
        and (isinstance(node.args[0], ast.Tuple) or ast.unparse(node.args[0]).islower())
        and all(keyword.arg != "match" for keyword in node.keywords)
    ]


def swallowed(tree: ast.AST) -> list[int]:
    """Lines of tests that catch an error and check nothing: they pass if every input is refused.
    ``support.fuzzing.outcomes`` counts instead."""
    handlers = [
        handler
        for test in named_tests(tree)
        for node in ast.walk(test)
        if isinstance(node, ast.Try)
        for handler in node.handlers
    ]
    suppressing = [node for node in ast.walk(tree) if called(node) == "suppress"]
    return [node.lineno for node in [*handlers, *suppressing] if not checks(node)]


def unseeded(tree: ast.AST) -> list[int]:
    """Lines that make a generator that begins elsewhere in every run."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if called(node) in {"default_rng", "Random", "RandomState"}
        and isinstance(node, ast.Call)
        and not node.args + node.keywords
    ]


@pytest.mark.parametrize("weakness", [without_check, without_match, swallowed, unseeded])
def test_no_test_is_weak(weakness: Callable[[ast.AST], list[object]]) -> None:
    assert not {str(path): found for path, tree in TREES.items() if (found := weakness(tree))}


def test_weak_tests_are_found() -> None:
    weak = ast.parse(
        "def helper(): assert True\n"
        "def test_helped(): helper()\n"
        "def test_nothing(): work()\n"
        "def test_any(error):\n"
        "    with pytest.raises(error): work()\n"
        "    with pytest.raises((KeyError, ValueError)): work()\n"
        "    with pytest.raises(error, match='it'): work()\n"
        "    try: work()\n"
        "    except ValueError: pass\n"
        "    with contextlib.suppress(ValueError): work(default_rng(), default_rng(1))\n"
    )
    assert without_check(weak) == ["test_nothing"]
    assert without_match(weak) == [5, 6]
    assert swallowed(weak) == [9, 10]
    assert unseeded(weak) == [10]
