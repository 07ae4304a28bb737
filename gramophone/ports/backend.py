"""The engine as the screen sees it; Protocols and plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gramophone.core.frozen import frozen
from gramophone.core.intents import Intent
from gramophone.core.timeline import Entry, Role
from gramophone.library.library import Library
from gramophone.ports.engine import Message


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


@frozen
class TurnMark:
    """Where a turn lies."""

    turn: int
    role: Role
    start_us: int
    end_us: int


@frozen
class Passage:
    """Sound without a hole in it: `start_samples` of the turn is heard at `start_us`."""

    turn: int
    start_us: int
    end_us: int
    start_samples: int


@frozen
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
        spoken, because two voices at once are none."""
        ...

    def pause(self) -> None: ...

    def rest(self) -> None:
        """Stop, give the sound device back, and tell nothing until it is played again; then it
        goes on from the same place and tells anew all that holds there."""
        ...

    def seek(self, position_us: int) -> None: ...

    def play_from(self, turn: int, character: int) -> None:
        """Play from where this character of the turn's text is spoken."""
        ...

    def set_speed(self, speed: float) -> None:
        """From `SLOWEST` to `FASTEST`, the pitch kept."""
        ...

    def skip_silence(self, skip: bool) -> None: ...

    def loop(self, turn: int | None) -> None:
        """Play this turn again and again; a seek to elsewhere ends that."""
        ...


@frozen
class ConversationInfo:
    """What the status line says before the first event; `kept` is whether it is recorded."""

    provider: str
    model: str
    voice: str
    muted: bool = False
    kept: bool = True


@frozen
class ScreenSettings:
    """How the screen is to look and be used; empty is as it comes.

    `keys` gives the keys of a binding by its id, separated by commas. Which themes and ids there
    are only the screen knows: it tells of those it does not.
    """

    theme: str = ""
    reduced_motion: bool = False
    meter_frames_hz: int = 0
    keys: Mapping[str, str] = field(default_factory=dict[str, str])


@frozen(kw_only=True)
class ConversationOptions:
    """What one conversation goes by; what is empty, or a speed of 0, is as configured. `lang` is
    the language that is spoken, "auto" to find it in each answer."""

    provider: str = ""
    model: str = ""
    voice: str = ""
    system_prompt: str = ""
    speed: float = 0.0
    lang: str = ""


@frozen
class AvailableOptions:
    """What can be chosen, as far as it is known without asking a service. `models` by provider."""

    providers: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    voices: tuple[str, ...] = ()


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
        """Go by this from the next turn on (SettingsChanged).

        Raises:
            ConfigError: it cannot be had; nothing changes.
        """
        ...

    def set_audio_focus(self, focused: bool) -> None:
        """Give this conversation, of several, the sound, or take it away."""
        ...

    def close(self) -> None:
        """End it in good order; its session stays."""
        ...


class Backend(Protocol):
    """The engine as the screen sees it; thread-safe, returns at once.

    `start` begins loading engines in the engine's own thread.
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

    def open_talk(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        heard: bool = True,
    ) -> ConversationHandle:
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
