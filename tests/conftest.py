"""The same tests, whatever ran before them and however busy the machine is."""

import sys

import pytest
from hypothesis import settings

# Examples from the source of each test, and no limit on the time of one: compilers and other
# processes take theirs. `--hypothesis-profile=default` searches at random again.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Weights that a test draws without a seed do not depend on the tests before it."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
