"""State of the session that is being written: its turns, and what their rows do not have yet."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from gramophone.analysis.metrics import MetricsFold, TurnMetrics
from gramophone.analysis.turn_text import TurnText
from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, Event, Role, SettingsChanged
from storage.audio.wav import WavFormat, WavWriter
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import TURN_BITS

MOST_AHEAD_S = 4
"""How many seconds of sound are written before the rows that name them are committed; a frame
that is longer than this is written in one piece."""


@dataclass(slots=True)
class TurnRowState:
    """A turn as it will stand in its row.

    `stored` says that there is a row; `text_due` and `audio_due` that its columns of text and of
    sound have to be written. `heard_text` is what an interrupted turn says was heard of it,
    `heard_characters` how many characters of `text` that is. `own_rate_hz` is 0 where the sound
    has the session's rate.
    """

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
    text_fold: TurnText = field(default_factory=TurnText)
    heard_text: str | None = None
    heard_characters: int | None = None
    stored: bool = False
    text_due: bool = False
    audio_due: bool = False
    own_rate_hz: int = 0


class SessionState:
    """State of one session: its turns, and which of them the database does not have yet."""

    def __init__(self, number: int, session_id: str, form: WavFormat, lock: SessionLock) -> None:
        self.number = number
        self.id = session_id
        self.form = form
        self.lock = lock
        self.seq = 0
        self.turns: dict[int, TurnRowState] = {}
        self.changed: dict[int, TurnRowState] = {}
        self.metrics = MetricsFold()
        self.title = ""
        self.title_is_whole = False
        self.listed: tuple[str, int, int] = ("", 0, 0)
        self.settings: SettingsChanged | None = None
        self.resumed_at = ""
        self.ended = False
        self.pictures: dict[str, bytes] = {}
        """Files by their SHA-256 that the database does not have yet."""

    def turn(self, turn: int, event: Event, role: Role = "assistant") -> TurnRowState:
        """The turn's state, made where an event names a turn whose start did not come; the turn
        counts as changed.

        Raises:
            StorageError: the number is out of range.
        """
        row = self.turns.get(turn)
        if row is None:
            if not 0 <= turn < 1 << TURN_BITS:
                raise StorageError(f"A session cannot have a turn {turn}; start a new session.")
            row = self.turns[turn] = TurnRowState(turn, role, "", event.at_us)
        self.changed[turn] = row
        return row

    def parts(self, events: Sequence[Event]) -> Generator[Sequence[Event]]:
        """Cut a batch into parts that are committed one by one: before the first sound of a turn,
        and after each `MOST_AHEAD_S` of sound."""
        # A process may be killed between a write of sound and the commit of its rows. Two bounds
        # make its work recognisable afterwards. The row of a turn is committed before its file is
        # made, so a file whose turn has no event was put there by somebody else. And a file is
        # never longer than its rows by more than a few seconds, so `verify` can tell sound that
        # a kill left over from rows that were lost.
        sounded = {turn.turn for turn in self.turns.values() if turn.wav is not None}
        start, gathered_s = 0, 0.0
        for index, event in enumerate(events):
            if type(event) is not AudioReceived:
                continue
            is_first = event.turn not in sounded
            if index > start and (is_first or gathered_s > MOST_AHEAD_S):
                yield events[start:index]
                start, gathered_s = index, 0.0
            sounded.add(event.turn)
            rate_hz = event.sample_rate_hz or self.form.sample_rate_hz
            gathered_s += event.size_bytes / (rate_hz * self.form.sample_bytes)
        if start < len(events):
            yield events[start:]

    def summary(self) -> tuple[str, int, int]:
        """The columns that the list shows: title, number of turns, spoken samples."""
        spoken_samples = sum(
            self.form.counted(turn.samples, turn.own_rate_hz) for turn in self.turns.values()
        )
        return self.title, len(self.turns), spoken_samples

    def settle(self) -> None:
        """Note that all changes are stored; files of turns that are over are closed."""
        self.listed = self.summary() if self.changed else self.listed
        self.settings = None
        self.pictures.clear()
        self.resumed_at = ""
        for turn in self.changed.values():
            turn.stored, turn.text_due, turn.audio_due = True, False, False
            if turn.completed_us is not None and turn.wav is not None:
                turn.wav.close()
                turn.wav = None
        self.changed.clear()
        if self.ended:
            self.close()

    def close(self) -> None:
        """Close the sound files and give the lock back."""
        for turn in self.turns.values():
            if turn.wav is not None:
                turn.wav.close()
                turn.wav = None
        self.lock.release()
