"""The engine in a thread of its own, as the screen sees it (`ports.Backend`).

What the engine is made of (sockets, protocols, the library's readers) is imported in that
thread, which starts after the first frame: the screen does not wait for it.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gramophone.app.choices import available_options
from gramophone.app.library_on_demand import LibraryOnDemand
from gramophone.app.live_conversation import NOT_RUNNING, LiveConversation
from gramophone.config.config import Config
from gramophone.core.errors import GramophoneError, ModelError, SpeechError
from gramophone.core.tasks import broken, spawn
from gramophone.core.timeline import Entry, Failed, Stage
from gramophone.library.library import Library
from gramophone.ports.backend import (
    AvailableOptions,
    ConversationInfo,
    ConversationOptions,
    ReplayState,
)
from gramophone.ports.engine import Message

if TYPE_CHECKING:
    from gramophone.app.providers import ProviderPool
    from gramophone.app.replay_player import ReplayPlayer
    from gramophone.replay.replay import Replay
    from gramophone.replay.schedule import ReplaySchedule
    from storage.recording.recorder import Recorder

STOP_TIMEOUT_S = 10.0


class EngineThread:
    """Runs the talks on an event loop of its own, away from the loop that draws."""

    def __init__(self, config: Config, recorder: Recorder | None) -> None:
        self._config = config
        self._recorder = recorder
        self._library = LibraryOnDemand(config.home)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: list[LiveConversation] = []
        self._unopened: deque[LiveConversation] = deque()
        self._lost = False
        self._talks: dict[LiveConversation, asyncio.Task[None]] = {}
        self._engines: ProviderPool | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.setup = ConversationInfo(
            config.provider, config.model_name, config.voice_name, config.muted, config.keep
        )

    async def open_library(self) -> Library:
        """The library for the screen's loop; opened by the first call.

        Raises:
            StorageError: it cannot be read.
        """
        return await self._library.open()

    def start(self) -> None:
        """Start the thread; engines load in it."""
        self._thread.start()

    def choices(self) -> AvailableOptions:
        """What can be chosen for a talk."""
        return available_options(self._config)

    def open_talk(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        heard: bool = True,
    ) -> LiveConversation:
        """Begin a conversation; one that is opened before the engine is ready waits."""
        opened = LiveConversation(
            self._config, choice, self._call, inherited=inherited, heard=heard
        )
        self._opened.append(opened)
        if self._lost:
            opened.lose("session", NOT_RUNNING)
        self._unopened.append(opened)
        self._call(self._open_waiting)
        return opened

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> ReplayPlayer:
        """Play a kept session into a feed of its own."""
        from gramophone.app.replay_player import ReplayPlayer

        config = self._config

        async def load() -> ReplaySchedule:
            from storage.library import StoredLibrary

            async with await StoredLibrary.open(config.home) as library:
                events = await library.events(session_id, with_pcm=False)
                sound = library.sound(session_id)

            def lay_out() -> ReplaySchedule:
                # Another speed needs it. All this takes its time, and the loop plays live sound.
                importlib.import_module("numpy")
                from gramophone.app.replay_session import score_of

                return score_of(events, sound)

            return await asyncio.to_thread(lay_out)

        def make(
            score: ReplaySchedule,
            emit: Callable[[Entry], None],
            *,
            state: ReplayState,
            tell: Callable[[ReplayState], None],
        ) -> Replay:
            from gramophone.app.replay_session import replay_in_hand

            return replay_in_hand(score, config, emit, state=state, tell=tell)

        wanted = ReplayState(position_us=at_us, speed=speed, playing=playing)
        return ReplayPlayer(self._call, load, make, taken=self._speaks, wanted=wanted)

    async def suggest_title(self, session_id: str) -> str:
        """Have the model name a session; cancelling the await stops it."""
        loop = self._loop
        if loop is None or loop.is_closed():
            raise ModelError("The engine is not ready yet; try again in a moment.")
        asked = asyncio.run_coroutine_threadsafe(self._suggest_title(session_id), loop)
        return await asyncio.wrap_future(asked)

    async def play_sample(self, voice: str) -> None:
        """Say a sentence with a voice; cancelling the await stops it."""
        loop = self._loop
        if loop is None or loop.is_closed():
            raise SpeechError("The engine is not ready yet; try again in a moment.")
        asked = asyncio.run_coroutine_threadsafe(self._play_sample(voice), loop)
        await asyncio.wrap_future(asked)

    def last_words(self) -> list[str]:
        """What failed and was told to nobody: at the end there is no screen any more."""
        entries = (entry for each in self._opened for entry in each.feed.take())
        return [entry.detail for entry in entries if isinstance(entry, Failed)]

    def stop(self) -> None:
        """End the talk and wait until the recording is whole. The screen's loop has ended."""
        # The library's reading threads would keep the process from ending.
        asyncio.run(self._library.aclose())
        if not self._thread.is_alive():
            return
        self._ready.wait(STOP_TIMEOUT_S)
        if self._stopping is not None:
            self._call(self._stopping.set)
        self._thread.join(STOP_TIMEOUT_S)

    # --- in the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except GramophoneError as error:
            self._lose("recording", str(error))
        except Exception as error:
            self._lose("session", broken(error))
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._ready.set()
        from gramophone.app.providers import ProviderPool
        from storage.library import StoredLibrary

        if self._config.keep:
            # Opening the library mends what a killed process left; the screen need not wait for
            # it. Who keeps nothing leaves it as it is.
            await (await StoredLibrary.open(self._config.home)).aclose()
        engines = self._engines = ProviderPool()
        self._open_waiting()
        await self._stopping.wait()
        self._engines = None
        for each in self._talks:
            each.end()
        if self._talks:
            await asyncio.wait(self._talks.values())
        await engines.aclose()
        if self._recorder is not None:
            await self._recorder.aclose()

    def _open_waiting(self) -> None:
        """Begin the talks that were asked for. The first has the recorder that was opened to see
        whether anything can be kept; each of the others has one of its own."""
        while self._engines is not None and self._unopened:
            opened = self._unopened.popleft()
            recorder, self._recorder = self._recorder, None
            task = spawn(opened.run(recorder, self._engines), name="talk")
            self._talks[opened] = task
            task.add_done_callback(lambda _, ended=opened: self._talks.pop(ended))

    def _speaks(self) -> bool:
        return any(each.speaking for each in self._talks)

    async def _suggest_title(self, session_id: str) -> str:
        from gramophone.app.title_suggestion import suggest_title

        if self._engines is None:
            raise ModelError("The engine is not ready yet; try again in a moment.")
        return await suggest_title(self._config, session_id, self._engines)

    async def _play_sample(self, voice: str) -> None:
        from gramophone.app.voice_preview import play_sample

        if self._engines is None:
            raise SpeechError("The voice is not ready yet; try again in a moment.")
        await play_sample(self._config, voice, self._engines)

    def _lose(self, stage: Stage, detail: str) -> None:
        """There is no engine, or no more: every talk says so, and says it to who goes on."""
        self._lost = True
        for each in self._opened:
            each.lose(stage, detail)

    def _call(self, function: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function)
