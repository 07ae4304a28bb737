"""State of the session that is being written: its turns, and what their rows do not have yet."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from gramophone.analysis.metrics import MetricsFold, TurnMetrics
from gramophone.analysis.turn_text import TurnText
from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, Event, Role, SessionStarted, SettingsChanged
from storage.audio.wav import WavFormat, WavWriter
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import TURN_BITS

MOST_AHEAD_S = 4
"""How many seconds of sound are written before the rows that name them are committed; a frame
that is longer than this is written in one piece."""


@dataclass(slots=True)
class TurnState:
    """A turn as it will stand in its row; `stored`, `told` and `sounded` say what of it the row has
    or lacks."""

    turn: int
    role: Role
    text: str
    started_us: int
    finish_reason: str = ""
    completed_us: int | None = None
    metrics: TurnMetrics | None = None
    wav: WavWriter | None = None
    samples: int = 0
    withdrawn: bool = False
    said: TurnText = field(default_factory=TurnText)
    heard: str | None = None
    heard_characters: int | None = None
    stored: bool = False
    told: bool = False
    sounded: bool = False


class SessionState:
    """What the writer knows of the session it is writing."""

    def __init__(self, number: int, started: SessionStarted, lock: SessionLock) -> None:
        self.number = number
        self.id = started.session_id
        self.form = WavFormat(started.encoding, started.sample_rate_hz)
        self.lock = lock
        self.seq = 0
        self.turns: dict[int, TurnState] = {}
        self.changed: dict[int, TurnState] = {}
        self.metrics = MetricsFold()
        self.title = ""
        self.title_is_whole = False
        self.listed: tuple[str, int, int] = ("", 0, 0)
        self.settings: SettingsChanged | None = None
        self.ended = False

    def turn(self, turn: int, event: Event, role: Role = "assistant") -> TurnState:
        """The turn's state; an event may name one whose start was never told."""
        known = self.turns.get(turn)
        if known is None:
            if not 0 <= turn < 1 << TURN_BITS:
                raise StorageError(f"A session cannot have a turn {turn}; start a new session.")
            known = self.turns[turn] = TurnState(turn, role, "", event.at_us)
        self.changed[turn] = known
        return known

    def parts(self, events: Sequence[Event]) -> Generator[Sequence[Event]]:
        """Cut a batch so that what a kill may part stays small and can be told apart.

        The rows of a turn are committed before its sound file is made, so a file without any
        event is never the work of a kill; and sound never gets far ahead of its rows.
        """
        sounded = {turn.turn for turn in self.turns.values() if turn.wav is not None}
        most_bytes = MOST_AHEAD_S * self.form.sample_rate_hz * self.form.sample_bytes
        start, gathered_bytes = 0, 0
        for place, event in enumerate(events):
            if type(event) is not AudioReceived:
                continue
            is_first = event.turn not in sounded
            if place > start and (is_first or gathered_bytes > most_bytes):
                yield events[start:place]
                start, gathered_bytes = place, 0
            sounded.add(event.turn)
            gathered_bytes += event.size_bytes
        if start < len(events):
            yield events[start:]

    def summary(self) -> tuple[str, int, int]:
        """What the list shows: title, turns, spoken samples."""
        return self.title, len(self.turns), sum(turn.samples for turn in self.turns.values())

    def close(self) -> None:
        """Close the sound files and give the lock back."""
        for turn in self.turns.values():
            if turn.wav is not None:
                turn.wav.close()
                turn.wav = None
        self.lock.release()
