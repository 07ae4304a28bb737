"""Waveforms in braille: two columns a cell, four dots a row, around a middle line.

Unicode has a character for each set of the eight dots of a cell (U+2800 to U+28FF), so n rows are
2 columns a cell wide and 4 n dots high: twice and eight times what letters could show. In a single
row there is no room for a middle, and columns stand on its lower edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

NO_SOUND: Final = -1
"""Amplitude of a column in which there is no sound: every other dot of the line that is silence."""

_CHARACTERS: Final = " " + "".join(map(chr, range(0x2801, 0x2900)))
"""By its dots; the one without dots is a space, which some fonts draw as eight empty circles."""
_LEFT: Final = (0x01, 0x02, 0x04, 0x40)
_RIGHT: Final = (0x08, 0x10, 0x20, 0x80)
_DOTS: Final = 4


def highest(rows: int) -> int:
    """The greatest amplitude that so many rows show; 0 is silence, a line of dots."""
    return _DOTS // 2 * rows if rows > 1 else _DOTS - 1


def wave(amplitudes: Sequence[int], rows: int) -> list[str]:
    """Rows from the top down; each cell has two amplitudes, from `NO_SOUND` to `highest(rows)`."""
    left, right = _columns(rows)
    cells = list(zip(amplitudes[::2], amplitudes[1::2], strict=True))
    return [
        "".join([_CHARACTERS[left[first][row] | right[second][row]] for first, second in cells])
        for row in range(rows)
    ]


def needle(amplitude: int, rows: int) -> list[str]:
    """A cell for the position in a sound: a line from top to bottom, and a level at its right."""
    _, right = _columns(rows)
    return [_CHARACTERS[sum(_LEFT) | right[amplitude][row]] for row in range(rows)]


# Amplitude a lights the dots from the middle by a in both directions, and 0 the one below it. The
# tables are indexed by the amplitude: `NO_SOUND` is the last entry.


@cache
def _columns(rows: int) -> tuple[list[list[int]], list[list[int]]]:
    """For each amplitude and row, the dots of a left and of a right column."""
    middle = _DOTS // 2 * rows if rows > 1 else _DOTS - 1
    spans = [(middle, middle + 1)]
    spans += [(middle - a, middle + a if rows > 1 else _DOTS) for a in range(1, highest(rows) + 1)]
    left = [_cells(span, rows, _LEFT) for span in spans]
    right = [_cells(span, rows, _RIGHT) for span in spans]
    return [*left, left[0]], [*right, [0] * rows]


def _cells(span: tuple[int, int], rows: int, dots: tuple[int, ...]) -> list[int]:
    top, bottom = span
    return [
        sum(dots[dot] for dot in range(_DOTS) if top <= row * _DOTS + dot < bottom)
        for row in range(rows)
    ]
