"""The sections of docstrings for the site, whose reader wants a blank line before each of them."""

import re
from typing import Any

from griffe import Extension, Object

_SECTION = re.compile(r"(?<!\n)\n((?:Args|Attributes|Raises|Returns|Yields):\n)")


class Sections(Extension):
    """Puts a blank line before every section, whatever stands there."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = _SECTION.sub(r"\n\n\1", obj.docstring.value)
