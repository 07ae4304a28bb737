"""The sound of the answer that is spoken, measured as it comes, as a waveform.

An answer has no length until its last sentence has been spoken. So the strip stands for a span that
is a step longer than what has come, and shrinks what it shows by a step when that is full: between
two steps nothing moves but the position. When the answer is over, it fills the strip.
"""

from __future__ import annotations

from typing import Final

from gramophone.audio.peaks import PeakMeter
from gramophone.core.timeline import AudioReceived, Entry, SessionStarted
from gramophone.ports.backend import AudibleSpan
from tui.playback.waveform import Waveform
from tui.transcript.playback_fold import DEFAULT_RATE_HZ, SoundState, SoundView

SHORTEST_US: Final = 8_000_000
_G711: Final = frozenset({"mulaw", "alaw"})
_TURNS_KEPT: Final = 2
"""The sound of the next answer may come before the first sample of it is heard."""


class AnswerSound:
    """A fold over the entries of a conversation, in their order."""

    def __init__(self) -> None:
        self._rate_hz = DEFAULT_RATE_HZ
        self._encoding = "linear16"
        self._meters: dict[int, PeakMeter] = {}
        self._connection = -1
        self._waveform = Waveform()
        self._shown: tuple[object, ...] = ()

    def emit(self, entry: Entry) -> None:
        """Fold one entry in; those that are no sound change nothing."""
        match entry:
            case AudioReceived() if not entry.stale:
                self._receive(entry)
            case SessionStarted():
                self._rate_hz = entry.sample_rate_hz or DEFAULT_RATE_HZ
                self._encoding = entry.encoding if entry.encoding in _G711 else "linear16"
            case _:
                pass

    def _receive(self, frame: AudioReceived) -> None:
        meter = self._meters.get(frame.turn)
        if meter is None:
            rate_hz = frame.sample_rate_hz or self._rate_hz
            meter = self._meters[frame.turn] = PeakMeter(rate_hz, self._encoding)
            for turn in list(self._meters)[:-_TURNS_KEPT]:
                del self._meters[turn]
        elif frame.connection != self._connection:
            meter.realign()
        self._connection = frame.connection
        meter.add(frame.pcm)

    def waveform(self, sound: SoundView) -> Waveform:
        """The waveform of the turn that sounds; the same object while it is the same."""
        meter = self._meters.get(sound.turn) if sound.turn is not None else None
        if sound.turn is None or meter is None:
            return Waveform()
        samples = meter.samples
        over = sound.state is SoundState.IDLE
        if (content := (sound.turn, samples, over)) != self._shown:
            self._shown = content
            known_us = samples * 1_000_000 // meter.rate_hz
            self._waveform = Waveform(
                known_us if over else span_us(known_us),
                (AudibleSpan(sound.turn, 0, known_us, 0),),
                peaks={sound.turn: bytes(meter.peaks)},
            )
        return self._waveform


def span_us(known_us: int) -> int:
    """The span that a strip stands for while so much sound is known."""
    span = SHORTEST_US
    while span < known_us:
        span = span * 3 // 2
    return span
