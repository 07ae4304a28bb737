"""The waveform of a sound: peaks reduced to columns, columns to amplitudes; no widget.

An hour of sound is 170 million samples, a strip some hundred columns. The reduction is by maximum,
in two steps: the loudest sample of each 1/20 s (`PEAKS_PER_SECOND`) is measured once, and a column
takes the loudest of its peaks. A maximum of maxima is the maximum, so no short sound gets lost
between the steps, as it would by picking every n-th sample, and silence stays silent, which a mean
over a long column would fill up. Columns are scaled by the loudest of all: a quiet recording would
be a flat line otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gramophone.audio.peaks import PEAKS_PER_SECOND
from gramophone.core.frozen import frozen
from gramophone.ports.backend import AudibleSpan, TurnMark
from tui.playback.braille import NO_SOUND

FAINTEST: Final = 32
"""Of 255. A sound without a louder peak is drawn low: it is hardly heard."""
NEAR_US: Final = 100_000
"""Turns that begin within this are one stop: a question and the answer to it."""
_CURVE: Final = 0.7
"""Exponent of amplitudes. Most of speech lies far below its peaks: on a linear scale it would be a
thin line with spikes."""


@frozen
class Waveform:
    """A sound as a strip shows it: its length, its stretches of sound, its peaks.

    `peaks` are those of each turn, 0 to 255, `PEAKS_PER_SECOND` of them; none while they load.
    """

    duration_us: int = 0
    passages: tuple[AudibleSpan, ...] = ()
    marks: tuple[TurnMark, ...] = ()
    peaks: Mapping[int, bytes] | None = None


def amplitudes(waveform: Waveform, columns: int, highest: int) -> list[int]:
    """The amplitude of each column, 0 to `highest`; `NO_SOUND` where nothing sounds."""
    scale = _loudest(waveform)
    return [_amplitude(peak, scale, highest) for peak in column_peaks(waveform, columns)]


def amplitude_at(waveform: Waveform, position_us: int, highest: int) -> int:
    """The amplitude of what is heard at a position, 0 where nothing is."""
    peak = 0
    for passage in waveform.passages:
        if passage.start_us <= position_us < passage.end_us:
            peak = max(peak, _peak(waveform, passage, position_us, position_us))
    return _amplitude(peak, _loudest(waveform), highest)


def column_peaks(waveform: Waveform, columns: int) -> list[int]:
    """The loudest peak of each column; `NO_SOUND` where nothing sounds."""
    peaks = [NO_SOUND] * columns
    if not columns:
        return peaks
    for passage in waveform.passages:
        first = column_at(passage.start_us, waveform.duration_us, columns)
        last = column_at(passage.end_us - 1, waveform.duration_us, columns)
        for column in range(first, last + 1):
            start_us = max(passage.start_us, column * waveform.duration_us // columns)
            end_us = min(passage.end_us, (column + 1) * waveform.duration_us // columns)
            peaks[column] = max(peaks[column], _peak(waveform, passage, start_us, end_us))
    return peaks


def _loudest(waveform: Waveform) -> int:
    turns = (waveform.peaks or {}).values()
    return max((max(turn, default=0) for turn in turns), default=0)


def _amplitude(peak: int, loudest: int, highest: int) -> int:
    if peak <= 0:
        return peak
    return round(min(1.0, peak / max(loudest, FAINTEST)) ** _CURVE * highest)


def _peak(waveform: Waveform, passage: AudibleSpan, start_us: int, end_us: int) -> int:
    # Peaks count from the start of the turn's sound, of which the passage may be a later part.
    begun_us = passage.sound_us - passage.start_us
    first = (begun_us + start_us) * PEAKS_PER_SECOND // 1_000_000
    last = (begun_us + max(start_us, end_us - 1)) * PEAKS_PER_SECOND // 1_000_000
    peaks = (waveform.peaks or {}).get(passage.turn, b"")
    return max(peaks[first : last + 1], default=0)


def column_at(position_us: int, duration_us: int, columns: int) -> int:
    """The column in which a position lies."""
    if duration_us <= 0 or columns <= 0:
        return 0
    return min(columns - 1, max(0, position_us * columns // duration_us))


def position_at(column: int, duration_us: int, columns: int) -> int:
    """The position that a click on a column means; the last one means the end."""
    if columns <= 1 or column <= 0:
        return 0
    if column >= columns - 1:
        return duration_us
    return min(duration_us, -(-column * duration_us // columns))


def stops(marks: Sequence[TurnMark]) -> list[int]:
    """The positions at which one stops when going from turn to turn."""
    positions: list[int] = []
    for mark in marks:
        if not positions or mark.start_us - positions[-1] > NEAR_US:
            positions.append(mark.start_us)
    return positions
