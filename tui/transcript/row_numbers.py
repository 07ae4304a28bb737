"""Numbers of the rows of a transcript."""

from __future__ import annotations

from typing import Final

ALL: Final = 1 << 62
"""A number below every row: given as the first row that has changed, it says that none has."""
ROWS_OF_A_TURN: Final = 1 << 24
"""Distance of the numbers of two turns: more rows than a turn may have."""
