"""Sound of a recorded session at the one rate that a connection can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gramophone.audio.rate_converter import RateConverter
from gramophone.core.timeline import AudioReceived, Event, SessionStarted


def at_one_rate(events: Sequence[Event]) -> Sequence[Event]:
    """Resample turns with a rate of their own to that of the session, frame by frame."""
    started = next((event for event in events if isinstance(event, SessionStarted)), None)
    last = {
        event.turn: index
        for index, event in enumerate(events)
        if isinstance(event, AudioReceived) and event.sample_rate_hz
    }
    if started is None or not last:
        return events
    turns: dict[int, _TurnAtOneRate] = {}
    resampled = [*events]
    for index, event in enumerate(events):
        if isinstance(event, AudioReceived) and event.sample_rate_hz and event.pcm:
            if event.turn not in turns:
                turns[event.turn] = _TurnAtOneRate(event.sample_rate_hz, started.sample_rate_hz)
            resampled[index] = turns[event.turn].frame(event, last=index == last[event.turn])
    return resampled


class _TurnAtOneRate:
    def __init__(self, own_hz: int, session_hz: int) -> None:
        self._converter = RateConverter(own_hz, session_hz)
        self._offset_bytes = 0

    def frame(self, event: AudioReceived, *, last: bool) -> AudioReceived:
        pcm = self._converter.push(event.pcm)
        if last:
            pcm += self._converter.finish()
        offset_bytes, self._offset_bytes = self._offset_bytes, self._offset_bytes + len(pcm)
        return replace(
            event, pcm=pcm, size_bytes=len(pcm), offset_bytes=offset_bytes, sample_rate_hz=0
        )
