"""The engine as the screen sees it: Protocols, and the values that they exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gramophone.core.frozen import frozen
from gramophone.core.intents import Intent
from gramophone.core.model_settings import ModelSettings
from gramophone.core.timeline import Entry, Role
from gramophone.library.library import Library
from gramophone.ports.language_model import Message


class Feed(Protocol):
    """Entries of one source, for a client that takes them in batches, from any thread."""

    def take(self) -> list[Entry]:
        """Take all entries since the last call, in order; never waits."""
        ...

    def close(self) -> None:
        """Stop the source of this feed, if it belongs to the feed alone (a replay)."""
        ...


SLOWEST, FASTEST = 0.5, 3.0
"""Least and greatest speed of a replay, as a factor."""


@frozen
class TurnMark:
    """Position of a turn in the replay."""

    turn: int
    role: Role
    start_us: int
    end_us: int


@frozen
class AudibleSpan:
    """Span of a replay with sound and no gap: at `start_us` the turn's sound is heard from
    `sound_us` on."""

    turn: int
    start_us: int
    end_us: int
    sound_us: int


@frozen
class ReplayState:
    """State of a replay: position, speed, and what there is to see on a seek bar.

    Attributes:
        ready: whether the session has been read; before, all else is empty.
        skipping: whether silence is skipped.
        loop: the turn that is played again and again.
        marks: positions of the turns.
        passages: positions of the sound.
        refusal: why it does not play although it was asked to.
    """

    ready: bool = False
    position_us: int = 0
    duration_us: int = 0
    playing: bool = False
    speed: float = 1.0
    skipping: bool = False
    loop: int | None = None
    marks: tuple[TurnMark, ...] = ()
    passages: tuple[AudibleSpan, ...] = ()
    refusal: str = ""


class ReplayFeed(Feed, Protocol):
    """A replay that its listener controls. Thread-safe, returns at once; calls before the session
    has been read take effect then. At its end it stays, paused, until `close`."""

    def state(self) -> ReplayState:
        """Present state; the same object while nothing moves."""
        ...

    def play(self) -> None:
        """Go on; from the beginning when it is at the end. Refused while an answer is being
        spoken, because nobody can listen to two voices at once."""
        ...

    def pause(self) -> None: ...

    def suspend(self) -> None:
        """Stop, release the sound device, and emit nothing until it is played again; then it goes
        on from the same position and first emits all that holds there."""
        ...

    def seek(self, position_us: int) -> None: ...

    def play_from(self, turn: int, character: int) -> None:
        """Play from where this character of the turn's text is spoken."""
        ...

    def set_speed(self, speed: float) -> None:
        """Set the speed, from `SLOWEST` to `FASTEST`; the pitch stays."""
        ...

    def skip_silence(self, skip: bool) -> None: ...

    def loop(self, turn: int | None) -> None:
        """Play this turn again and again; None, or a seek outside of it, ends that."""
        ...


@frozen
class ConversationInfo:
    """Facts for the status line before the first event; `stored` is whether it is recorded."""

    provider: str
    model: str
    voice: str
    muted: bool = False
    stored: bool = True


@frozen
class ScreenSettings:
    """Settings of the screen; an empty one has its default.

    Attributes:
        meter_frames_hz: frames of the strip of sound a second; 0 is as the connection allows.
        notify: how the end of a long answer is shown to a user who looks elsewhere: `off`, `bell`
            or `desktop`.
        keys: keys of a binding by its id, separated by commas. Themes and ids are checked by the
            screen, which alone knows them.
    """

    theme: str = ""
    reduced_motion: bool = False
    meter_frames_hz: int = 0
    notify: str = "bell"
    keys: Mapping[str, str] = field(default_factory=dict[str, str])


@frozen(kw_only=True)
class ConversationOptions:
    """Options of one conversation; what is empty, or a speed of 0, is as configured.

    `lang` is the language that is spoken, "auto" to find it in each answer; `settings` go with each
    request to the model.
    """

    provider: str = ""
    model: str = ""
    voice: str = ""
    system_prompt: str = ""
    speed: float = 0.0
    lang: str = ""
    settings: ModelSettings = field(default_factory=ModelSettings)


@frozen
class AvailableOptions:
    """Options that are known without asking a service; `models` by provider, and what each of
    the user's personas chooses."""

    providers: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    voices: tuple[str, ...] = ()
    personas: Mapping[str, ConversationOptions] = field(
        default_factory=dict[str, ConversationOptions]
    )


class ConversationHandle(Protocol):
    """One conversation as the screen sees it; thread-safe, returns at once.

    Progress comes as ProgressMade, failures as Failed, through `feed`.
    """

    @property
    def setup(self) -> ConversationInfo: ...

    @property
    def feed(self) -> Feed: ...

    def post(self, intent: Intent) -> None: ...

    def configure(self, choice: ConversationOptions) -> None:
        """Use these options from the next turn on (the event SettingsChanged).

        Raises:
            ConfigError: an option is not available; nothing changes.
        """
        ...

    def set_audio_focus(self, focused: bool) -> None:
        """Give this conversation, of several, the sound, or take it away."""
        ...

    def close(self) -> None:
        """End it, with all of it recorded; its session stays."""
        ...


class Backend(Protocol):
    """The engine as the screen sees it; thread-safe, returns at once.

    `start` begins to load engines in the engine's own thread; what is asked for before waits.
    """

    @property
    def setup(self) -> ConversationInfo: ...

    async def open_library(self) -> Library:
        """The library; opened by the first call, the same one afterwards.

        Raises:
            StorageError: it cannot be read.
        """
        ...

    def start(self) -> None: ...

    def choices(self) -> AvailableOptions: ...

    def open_conversation(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        resume: str = "",
        focused: bool = True,
    ) -> ConversationHandle:
        """Begin a conversation with the turns that it inherits, or go on with the stored session
        `resume` in its place. It is recorded once something is said in it. One that is not
        `focused` begins without the sound."""
        ...

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> ReplayFeed:
        """Play a stored session: its events come in the feed, its sound from the speaker."""
        ...

    async def suggest_title(self, session_id: str) -> str:
        """Ask the model for a title of a stored session; cancelling the await stops it.

        Raises:
            GramophoneError: the model failed, or gave nothing that could be a title.
        """
        ...

    def stop(self) -> None:
        """End all conversations; waits until their recordings are whole."""
        ...
