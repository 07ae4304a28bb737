"""How the rows of a transcript are numbered."""

from __future__ import annotations

from typing import Final

ALL: Final = 1 << 62
"""Below every row: "from here on it looks different" with nothing that does."""
ROWS_OF_A_TURN: Final = 1 << 24
"""So many rows of one turn can be told apart from those of the next."""
