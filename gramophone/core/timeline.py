"""Timeline: the events of a session.

An `Event` is a fact in the past tense, stored by the recorder. A `Transient` is a fact of the
moment (a level, a position) that is shown and forgotten. Both carry `at_us`: integer
microseconds since the session began, on one monotonic clock; each stretch of a session that was
resumed has a clock of its own (`SessionResumed`). Live and replay are two sources
of the same events; no sink can tell which one it listens to.

`turn` is the ordinal of a turn in its session, from 0; `connection` the ordinal of a
connection to the speech service, from 0.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final, Literal, TypeAlias

from gramophone.core.entry_types import Event, Transient, event
from gramophone.core.picture import MediaType
from gramophone.core.transients import DeltasPassed as DeltasPassed
from gramophone.core.transients import LevelMeasured as LevelMeasured
from gramophone.core.transients import ModelQuiet as ModelQuiet
from gramophone.core.transients import PlayoutAdvanced as PlayoutAdvanced
from gramophone.core.transients import ProgressMade as ProgressMade
from gramophone.core.transients import TimelineRestarted as TimelineRestarted

Role: TypeAlias = Literal["user", "assistant"]
Stage: TypeAlias = Literal["model", "speech", "speaker", "recording", "session"]

# Recordings outlive the code. Rows are decoded by the names of these classes and fields
# (`core.codec`): none is renamed or removed, and a field that is added has a default, which is what
# older recordings mean by its absence.


# --- the session ------------------------------------------------------------------------------


@event
class SessionStarted(Event):
    """The session began. Its wall-clock time is in the session row only."""

    session_id: str
    provider: str
    model: str
    voice: str
    encoding: str
    sample_rate_hz: int
    system_prompt: str


@event
class SessionResumed(Event):
    """A stored session goes on: another stretch of its timeline begins, and `SettingsChanged`
    follows.

    The clock of a stretch begins a little after the last event of the stretch before, so times
    never fall; `resumed_at` is the wall-clock time (ISO 8601, UTC) of `at_us`. The numbers of turns
    and of connections go on.
    """

    session_id: str
    encoding: str
    sample_rate_hz: int
    resumed_at: str


@event
class SettingsChanged(Event):
    """Model, voice, prompt or request settings (`temperature=0.2 seed=7`) changed from now on."""

    provider: str
    model: str
    voice: str
    system_prompt: str
    speed: float = 1.0
    lang: str = "auto"
    settings: str = ""


@event
class SessionEnded(Event):
    """The session ended in good order."""


# --- a turn -----------------------------------------------------------------------------------


@event
class TurnStarted(Event):
    """A step of one role began. A user's turn has its whole `text` at once.

    `repeats` names an earlier turn whose text is only spoken again: the history does not grow.
    """

    turn: int
    role: Role
    text: str = ""
    repeats: int | None = None


@event
class TurnInherited(Event):
    """A turn of another session counts for this one's history; emitted at the beginning.

    `remembered` is how many characters of the text the model is given; None for all.
    """

    turn: int
    role: Role
    text: str
    remembered: int | None = None


@event
class PictureAttached(Event):
    """A picture goes with the question of this turn; it has the fields of `core.picture.Picture`.
    `content` is the whole file while the event is live, and is empty where only the row is at hand.
    """

    turn: int
    name: str
    media_type: MediaType
    width: int
    height: int
    file_bytes: int
    sha256: str
    content: bytes = field(default=b"", repr=False, compare=False)


@event
class HistoryRewound(Event):
    """The turns from `to_turn` on no longer count for the history; they stay recorded.

    `refused` where the model did not take the pictures of that question, which therefore goes back
    to the user.
    """

    to_turn: int
    refused: bool = False


@event
class RequestSent(Event):
    """A model was asked, maybe instead of one that failed; `messages` counts what went with it."""

    turn: int
    provider: str
    model: str
    messages: int


@event
class ModelChunkReceived(Event):
    """One raw chunk of the provider's stream, as JSON text, secrets removed.

    Of an answer in one body, the proxy records that body.
    """

    turn: int
    raw: str


@event
class DeltaReceived(Event):
    """A piece of the answer's text."""

    turn: int
    text: str


@event
class ThoughtReceived(Event):
    """A piece of the model's reasoning: never spoken, and no part of the answer's text."""

    turn: int
    text: str


@event
class AnswerRetracted(Event):
    """The text of the answer so far, which is `text`, was reasoning and belongs to its thoughts;
    offsets into the text start from 0 again."""

    turn: int
    text: str


@event
class GiveBackReceived(Event):
    """An item of the answer, as JSON text, that goes back unchanged with the next request to this
    model: a signed thought, encrypted reasoning."""

    turn: int
    item: str
    provider: str = ""
    model: str = ""


@event
class CallRequested(Event):
    """The model called a tool, and the call is whole.

    `call` counts the calls of the turn from 0; `id` is the provider's name for it. `arguments` is
    JSON text as the model wrote it, which need not be valid.
    """

    turn: int
    call: int
    id: str
    name: str
    arguments: str


@event
class CallStarted(Event):
    """The tool of this call began to run."""

    turn: int
    call: int


@event
class CallEnded(Event):
    """The tool of this call ended; `failed` where `result` is the reason of a failure."""

    turn: int
    call: int
    result: str
    failed: bool = False


@event
class AnswerIncomplete(Event):
    """The answer ended otherwise than normally, without a failure of the service. `cause` is one of
    `core.answer_ends.IncompleteCause`, `detail` one sentence for the user."""

    turn: int
    cause: str
    detail: str


@event
class NoticeGiven(Event):
    """The user should know of this, though nothing failed: another endpoint answered, the oldest
    turns were left out. `detail` is one sentence; `turn` may be unknown."""

    stage: Stage
    detail: str
    turn: int | None = None


@event
class UsageReported(Event):
    """Tokens that the provider counted for the turn so far."""

    turn: int
    input_tokens: int
    output_tokens: int


@event
class ModelFinished(Event):
    """The model stream ended in good order; `reason` is the provider's own word."""

    turn: int
    reason: str


@event
class TurnInterrupted(Event):
    """The user stopped the turn, whose text stays; `heard_text` ends at the playout position."""

    turn: int
    heard_text: str
    heard_samples: int


@event
class TurnCompleted(Event):
    """The turn is over: its text has come, and what was to be heard has been heard.

    `text` is the whole text that came. `remembered` is how many characters of it count for the
    history, which differs after an interruption where the model remembers what was heard; None
    for all. Recordings made before this field existed have only the remembered text in `text`;
    the whole text is in the deltas.
    """

    turn: int
    role: Role
    text: str
    finish_reason: str
    remembered: int | None = None


@event
class Failed(Event):
    """A failure, as one sentence that says what to do. `turn` may be unknown."""

    stage: Stage
    detail: str
    turn: int | None = None


# --- speech -----------------------------------------------------------------------------------


@event
class SpeechConnected(Event):
    """The speech service accepted a connection."""

    connection: int
    url: str
    request_id: str


@event
class SpeechDisconnected(Event):
    """The connection ended, with the close code and reason (1006 when there was none)."""

    connection: int
    code: int
    reason: str


@event
class FrameSent(Event):
    """One text frame to the speech service, verbatim."""

    connection: int
    text: str


@event
class FrameReceived(Event):
    """One text frame from the speech service, verbatim."""

    connection: int
    text: str


@event
class TextSpoken(Event):
    """A chunk was sent to be spoken.

    `chunk` counts the chunks of the turn from 0; `source_start` and `source_end` are offsets in
    characters into the turn's text.
    """

    turn: int
    chunk: int
    text: str
    source_start: int
    source_end: int


@event
class FlushSent(Event):
    """The service was asked to speak all text it has: the chunks up to `last_chunk`."""

    turn: int
    flush: int
    last_chunk: int


@event
class FlushAnswered(Event):
    """The service has sent all sound of a flush; `end_samples` is the turn's length so far."""

    turn: int
    flush: int
    end_samples: int


@event
class FlushRefused(Event):
    """The service ignored a flush (EXCESSIVE_FLUSH); it will be sent again."""

    turn: int
    flush: int


@event
class ClearSent(Event):
    """The service was asked to drop all text it has."""

    turn: int


@event
class WarningReceived(Event):
    """The speech service warned, in either of its two dialects."""

    code: str
    description: str


@event
class AudioReceived(Event):
    """One binary frame, exactly as received, even of odd length.

    `size_bytes` is its length; `offset_bytes` where it stands in the turn's PCM. `pcm` holds the
    bytes while the event is live or replayed, else nothing. `stale` marks a frame that came after a
    Clear: stored, never heard. `sample_rate_hz` is 0, or the turn's rate if not the session's.
    """

    turn: int
    connection: int
    offset_bytes: int
    size_bytes: int
    stale: bool = False
    sample_rate_hz: int = 0
    pcm: bytes = field(default=b"", repr=False, compare=False)


# --- sound ------------------------------------------------------------------------------------


MUTED: Final = "muted"
"""The device while nothing is to be heard because the user wants it so."""


@event
class DeviceChanged(Event):
    """The sound goes to this device from now on; `silent` when none plays it, `detail` says why."""

    device: str
    silent: bool
    detail: str = ""


@event
class PlaybackStarted(Event):
    """The first sample of the turn was handed to the device or its silent stand-in."""

    turn: int
    device: str


@event
class Underran(Event):
    """The device asked for sound that was not there; silence was played instead."""

    turn: int
    position_samples: int
    missing_samples: int


@event
class PlaybackFinished(Event):
    """The turn's last sample was handed over and played."""

    turn: int
    played_samples: int


@event
class PlaybackStopped(Event):
    """The user stopped the turn's sound; its text goes on.

    `heard_characters` is how many characters of the text had been heard, by estimate; None where
    that is not known.
    """

    turn: int
    played_samples: int
    heard_characters: int | None = None


Entry: TypeAlias = Event | Transient
"""Event or transient, as a source gives it to its sinks."""
