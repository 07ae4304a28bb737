"""The tests, and beside them what they share."""

from pathlib import Path

import pytest

# A bare assertion in what tests share says nothing when it fails, unless pytest rewrites it.
pytest.register_assert_rewrite(
    *(f"{__name__}.{path.stem}" for path in Path(__file__).parent.glob("[!_]*.py"))
)
