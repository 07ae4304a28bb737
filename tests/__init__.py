"""The tests; a test of `gramophone.text.chunker` is `text/test_chunker.py`.

What tests share stands in `support`, what holds of the project as a whole in `project`.
"""

from pathlib import Path

import pytest

# A bare assertion in what tests share says nothing when it fails, unless pytest rewrites it.
pytest.register_assert_rewrite(
    *(f"{__name__}.support.{path.stem}" for path in Path(__file__).parent.glob("support/*.py"))
)
