import selfsame

PUBLIC = [
    "CollageCode",
    "FormatError",
    "IFS",
    "IFSCode",
    "InputError",
    "MosaicCode",
    "PifsCode",
    "SelfsameError",
    "__version__",
    "decode",
    "encode",
    "fit",
    "load",
    "render",
    "save",
]


def test_the_public_names_are_these_and_exist() -> None:
    """A change here is a change for every user: it belongs in the changelog."""
    assert sorted(selfsame.__all__) == PUBLIC
    assert dir(selfsame) == sorted(dir(selfsame))
    for name in PUBLIC:
        assert getattr(selfsame, name) is not None
        assert name in dir(selfsame)


def test_public_callables_are_documented() -> None:
    for name in PUBLIC:
        value = getattr(selfsame, name)
        assert name == "__version__" or value.__doc__


def test_other_names_are_attribute_errors() -> None:
    assert not hasattr(selfsame, "frobnicate")
