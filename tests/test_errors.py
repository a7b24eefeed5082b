import inspect

import pytest

from selfsame import errors

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn: list[tuple[int, str, str]] = []
    for line in errors.__doc__.splitlines():
        words = line.lstrip("│├└─ ").split()
        if words and words[0] in CLASSES:
            depth = len(line) - len(line.lstrip("│├└─ "))
            outside = words[1].strip("()") if len(words) > 1 and words[1].startswith("(") else ""
            parent = next((n for d, n, _ in reversed(drawn) if d < depth), "")
            drawn.append((depth, words[0], parent))
            bases = {base.__name__ for base in CLASSES[words[0]].__bases__}
            assert bases == {parent or "Exception", outside} - {""}
    assert {name for _, name, _ in drawn} == set(CLASSES)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_descends_from_the_root_and_says_when(name: str) -> None:
    assert issubclass(CLASSES[name], errors.SelfsameError)
    assert CLASSES[name].__doc__
