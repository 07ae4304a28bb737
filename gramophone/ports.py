"""What the engine asks of its edges, and the screen of the engine; Protocols and plain values.

Edges implement these; the composition root hands them over. Nothing here does anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gramophone.intents import Intent
from gramophone.metrics import TurnMetrics
from gramophone.timeline import Entry, Event, Role

if TYPE_CHECKING:
    from gramophone.score import Passage, TurnMark

# --- sinks ------------------------------------------------------------------------------------


class Sink(Protocol):
    """Listens to a source."""

    def emit(self, entry: Entry) -> None:
        """Take one entry; must return at once. An exception drops this sink."""
        ...


# --- the language model -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the history as the model sees it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider counted, in tokens."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class ModelChunk:
    """One chunk of a provider's stream: its raw JSON, and what in it concerns us."""

    raw: str
    text: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None


class LanguageModel(Protocol):
    """A streaming language model, one module a provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, messages: Sequence[Message], system_prompt: str) -> AsyncIterator[ModelChunk]:
        """Stream one answer. An async generator: closing it closes the request.

        Raises:
            ModelError: with one sentence for the user.
        """
        ...

    async def aclose(self) -> None:
        """Give connections and processes back."""
        ...


# --- sound ------------------------------------------------------------------------------------


class SpeakerListener(Protocol):
    """What a speaker tells; called on the engine's loop."""

    def playback_began(self, turn: int, at_us: int) -> None: ...
    def underran(
        self, turn: int, at_us: int, position_samples: int, missing_samples: int
    ) -> None: ...
    def drained(self, turn: int, played_samples: int) -> None: ...
    def device_changed(self, device: str, silent: bool, detail: str) -> None: ...


@dataclass(frozen=True, slots=True)
class PlayoutState:
    """A glance at the speaker: position in the turn, and what waits to be played."""

    turn: int
    position_samples: int
    queued_samples: int


class Speaker(Protocol):
    """Plays signed 16-bit mono PCM of one sample rate. Methods are called on the engine's loop.

    A speaker that is not to be heard holds no device; it keeps the pace of one in silence.
    """

    @property
    def device(self) -> str: ...

    @property
    def silent(self) -> bool: ...

    def open(self, listener: SpeakerListener) -> None:
        """Open the device once for the session; falls back to silence, never raises."""
        ...

    def hear(self, heard: bool) -> None:
        """Be heard from the present position on, or not; before `open` it says how to begin.
        Where the sound goes then is told by `device_changed`, when it goes to a device."""
        ...

    def play(self, turn: int, pcm: bytes, *, realign: bool = False) -> None:
        """Queue a frame of the turn; an odd last byte is carried over to the next frame, unless
        that is the first of a new stream (`realign`)."""
        ...

    def finish(self, turn: int) -> None:
        """No more will come for this turn: play what is left, then tell `drained`."""
        ...

    def stop(self) -> int:
        """Silence at once, drop what waits; returns the samples of the turn that were heard."""
        ...

    def glance(self) -> PlayoutState: ...

    def level(self) -> tuple[float, float]:
        """Peak and RMS, 0.0 to 1.0, of what was handed over in the last 60 ms."""
        ...

    async def aclose(self) -> None: ...


# --- the speech service -----------------------------------------------------------------------


class SpeechConnection(Protocol):
    """One standing connection."""

    @property
    def url(self) -> str:
        """Where it leads, without secrets."""
        ...

    @property
    def request_id(self) -> str: ...

    async def send(self, text: str) -> None:
        """Send a text frame; a connection that is gone swallows it (`frames` tells)."""
        ...

    def frames(self) -> AsyncIterator[str | bytes]:
        """Frames as they come, until the connection ends."""
        ...

    def closed(self) -> tuple[int, str]:
        """Close code and reason, once `frames` has ended; 1006 when there was none."""
        ...

    async def aclose(self) -> None: ...


class SpeechService(Protocol):
    """Where speech comes from: Deepgram, or a stand-in on this machine."""

    async def connect(self) -> SpeechConnection:
        """Open a connection.

        Raises:
            SpeechError: with one sentence for the user.
        """
        ...


# --- the library ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One row of the history. `created_at` is ISO 8601 in UTC; `snippet` the search hit, with
    its matching words between U+E000 and U+E001, or empty."""

    id: str
    title: str
    created_at: str
    turns: int
    spoken_ms: int
    provider: str
    model: str
    voice: str
    recovered: bool = False
    snippet: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class TurnAudio:
    """The WAV of a spoken turn, as received. `path` is absolute."""

    path: Path
    sample_rate_hz: int
    samples: int
    sha256: str
    encoding: str = "linear16"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One kept turn. `withdrawn` marks one that was taken back: it no longer counts."""

    turn: int
    role: Role
    text: str
    finish_reason: str
    started_us: int
    audio: TurnAudio | None = None
    metrics: TurnMetrics = field(default_factory=TurnMetrics)
    withdrawn: bool = False

    @property
    def counts(self) -> bool:
        """Whether it belongs to the history: not taken back, and not only spoken again."""
        return not self.withdrawn and self.finish_reason != "repeated"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One kept session, whole but for its events."""

    summary: SessionSummary
    system_prompt: str
    encoding: str
    sample_rate_hz: int
    turns: tuple[TurnRecord, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement found by a check, in a sentence; `session_id` empty for the library."""

    session_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What the list of sessions holds, archived ones aside."""

    sessions: int
    spoken_ms: int


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and how many sessions have it."""

    name: str
    sessions: int


class Library(Protocol):
    """Everything that was kept. All methods raise StorageError with a sentence for the user."""

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        """Newest first; pinned ones before the others when nothing is searched. `older_than` is
        the id of the last row of the page before. `search` is words, phrases and filters
        (`gramophone.filters`); FilterError says what cannot be understood."""
        ...

    async def totals(self) -> Totals: ...

    async def tags(self) -> list[TagCount]:
        """Those with the most sessions first."""
        ...

    async def resolve(self, reference: str) -> str:
        """The id meant by an id, a unique prefix of one, or `last`."""
        ...

    async def session(self, session_id: str) -> SessionRecord: ...

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        """The timeline in order; AudioReceived carries its PCM unless told otherwise."""
        ...

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        """The shape of the sound: by spoken turn, one byte a bucket, its loudest sample as
        0 to 255 of full scale. A turn whose file is missing has no entry."""
        ...

    async def delete(self, session_id: str) -> None:
        """Rows and files, for good."""
        ...

    async def rename(self, session_id: str, title: str) -> None:
        """Set a title that stays; an empty one gives the session its first words again."""
        ...

    async def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str] = ()) -> None:
        """Give sessions tags and take some from them."""
        ...

    async def pin(self, ids: Sequence[str], pinned: bool = True) -> None: ...

    async def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        """Take sessions out of the list (`is:archived` finds them), or back into it."""
        ...

    async def discard(self, ids: Sequence[str]) -> None:
        """Hide sessions at once; undone by `restore`, made final by `purge`. A session that is
        being recorded is refused, and then none is discarded."""
        ...

    async def restore(self, ids: Sequence[str]) -> None: ...

    async def purge(self) -> None:
        """Remove for good what this library discarded; called when the app closes."""
        ...

    async def export_wav(
        self, session_id: str, path: Path, *, tell: Callable[[int, int], None] | None = None
    ) -> None:
        """All spoken turns joined, 16-bit PCM; written whole or not at all. `tell` hears, in
        another thread, how many bytes of how many are written; cancelling the await stops it."""
        ...

    async def verify(self, session_id: str | None = None) -> list[Finding]: ...

    async def aclose(self) -> None: ...

    async def prompts(self, *, limit: int) -> list[str]:
        """What users sent, newest first, over all sessions."""
        ...


# --- what the screen sees ---------------------------------------------------------------------


class Feed(Protocol):
    """Entries of one source, for a client that takes them in batches, from any thread."""

    def take(self) -> list[Entry]:
        """All entries since the last call, in order; never waits."""
        ...

    def close(self) -> None:
        """Stop the source behind it, if it is this feed's own (a replay)."""
        ...


SLOWEST, FASTEST = 0.5, 3.0
"""How slow and how fast a replay can be."""


@dataclass(frozen=True, slots=True)
class ReplayState:
    """Where a replay is. Before the session has been read `ready` is False and all is empty.

    `marks` say where the turns lie, `passages` where sound does; `loop` is the turn that is
    played again and again; `refusal` says why it does not play although it was asked to.
    """

    ready: bool = False
    position_us: int = 0
    duration_us: int = 0
    playing: bool = False
    speed: float = 1.0
    skipping: bool = False
    loop: int | None = None
    marks: tuple[TurnMark, ...] = ()
    passages: tuple[Passage, ...] = ()
    refusal: str = ""


class ReplayFeed(Feed, Protocol):
    """A replay in the hand of its listener. Thread-safe, returns at once; what is asked for
    before the session has been read is done then. At its end it stays, paused, until `close`."""

    def state(self) -> ReplayState:
        """Where it is now; the same object while nothing moves."""
        ...

    def play(self) -> None:
        """Go on; from the beginning when it is at the end. Refused while an answer is being
        spoken: two voices at once are none, and stopping the answer would shorten it for good."""
        ...

    def pause(self) -> None: ...

    def rest(self) -> None:
        """Stop, give the sound device back, and tell nothing until it is played again; then it
        goes on from the same place and tells anew all that holds there."""
        ...

    def seek(self, position_us: int) -> None: ...

    def hear(self, turn: int, character: int) -> None:
        """Play from where this character of the turn's text is spoken."""
        ...

    def set_speed(self, speed: float) -> None:
        """From `SLOWEST` to `FASTEST`, the pitch kept."""
        ...

    def skip_silence(self, skip: bool) -> None: ...

    def loop(self, turn: int | None) -> None:
        """Play this turn again and again; a seek to elsewhere ends that."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What the status line says before the first event."""

    provider: str
    model: str
    voice: str
    muted: bool = False


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """How the screen is to look and be used; empty is as it comes.

    `keys` gives the keys of a binding by its id, separated by commas. Which themes and ids there
    are only the screen knows: it tells of those it does not.
    """

    theme: str = ""
    reduced_motion: bool = False
    meter_frames_hz: int = 0
    keys: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one conversation goes by; what is empty, or a speed of 0, is as configured."""

    provider: str = ""
    model: str = ""
    voice: str = ""
    system_prompt: str = ""
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen, as far as it is known without asking a service. `models` by provider."""

    providers: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    voices: tuple[str, ...] = ()


class TalkHandle(Protocol):
    """One conversation as the screen sees it; thread-safe, returns at once.

    Progress comes as ProgressMade, failures as Failed, through `feed`.
    """

    @property
    def setup(self) -> Setup: ...

    @property
    def feed(self) -> Feed: ...

    def post(self, intent: Intent) -> None: ...

    def configure(self, choice: Choice) -> None:
        """Go by this from the next turn on (SettingsChanged).

        Raises:
            ConfigError: it cannot be had; nothing changes.
        """
        ...

    def hear(self, heard: bool) -> None:
        """Whether this conversation, of several, has the sound."""
        ...

    def close(self) -> None:
        """End it in good order; its session stays."""
        ...


class Backend(Protocol):
    """The engine as the screen sees it; thread-safe, returns at once.

    `start` begins loading engines in the engine's own thread.
    """

    @property
    def setup(self) -> Setup: ...

    @property
    def library(self) -> Library: ...

    def start(self) -> None: ...

    def choices(self) -> Choices: ...

    def open_talk(
        self,
        choice: Choice = Choice(),
        *,
        inherited: Sequence[Message] = (),
        heard: bool = True,
    ) -> TalkHandle:
        """Begin a conversation, with what is inherited as its first turns. It is kept once
        something is said in it. One that is not `heard` begins without the sound."""
        ...

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> ReplayFeed:
        """Play a kept session; its events arrive in the feed in time, its sound in the speaker."""
        ...

    async def suggest_title(self, session_id: str) -> str:
        """A title for a kept session by the model; cancelling the await stops it.

        Raises:
            GramophoneError: the model failed, or gave nothing that could be a title.
        """
        ...

    def stop(self) -> None:
        """End everything in good order; waits until the recording is whole."""
        ...
