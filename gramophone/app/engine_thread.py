"""The engine in a thread of its own, as the screen sees it (`ports.Backend`).

What the engine is made of (sockets, protocols, the library's readers) is imported in that
thread, which starts after the first frame: the screen does not wait for it.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gramophone.app.choices import choices_of
from gramophone.app.live_conversation import NOT_RUNNING, LiveConversation
from gramophone.config.config import Config
from gramophone.core.errors import GramophoneError, ModelError, SpeechError
from gramophone.core.tasks import broken, spawn
from gramophone.core.timeline import Entry, Event, Failed, Stage
from gramophone.library.export_request import ExportRequest, ExportResult
from gramophone.library.library import Finding, SessionRecord, SessionSummary, TagCount, Totals
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
    from storage.library import Library
    from storage.recording.recorder import Recorder

STOP_TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)


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

    @property
    def library(self) -> LibraryOnDemand:
        return self._library

    def start(self) -> None:
        """Start the thread; engines load in it."""
        self._thread.start()

    def choices(self) -> AvailableOptions:
        """What can be chosen for a talk."""
        return choices_of(self._config)

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
            from storage.library import Library

            async with await Library.open(config.home) as library:
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

    async def hear_sample(self, voice: str) -> None:
        """Say a sentence with a voice; cancelling the await stops it."""
        loop = self._loop
        if loop is None or loop.is_closed():
            raise SpeechError("The engine is not ready yet; try again in a moment.")
        asked = asyncio.run_coroutine_threadsafe(self._hear_sample(voice), loop)
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
        from storage.library import Library

        if self._config.keep:
            # Opening the library mends what a killed process left; the screen need not wait for
            # it. Who keeps nothing leaves it as it is.
            await (await Library.open(self._config.home)).aclose()
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

    async def _hear_sample(self, voice: str) -> None:
        from gramophone.app.voice_preview import hear_sample

        if self._engines is None:
            raise SpeechError("The voice is not ready yet; try again in a moment.")
        await hear_sample(self._config, voice, self._engines)

    def _lose(self, stage: Stage, detail: str) -> None:
        """There is no engine, or no more: every talk says so, and says it to who goes on."""
        self._lost = True
        for each in self._opened:
            each.lose(stage, detail)

    def _call(self, function: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function)


class LibraryOnDemand:
    """The library for the screen's loop, opened when it is first asked for something."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._opening = asyncio.Lock()
        self._library: Library | None = None

    async def _open(self) -> Library:
        async with self._opening:
            if self._library is None:
                from storage.library import Library

                self._library = await Library.open(self._home)
            return self._library

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        library = await self._open()
        return await library.sessions(limit=limit, older_than=older_than, search=search)

    async def resolve(self, reference: str) -> str:
        return await (await self._open()).resolve(reference)

    async def session(self, session_id: str) -> SessionRecord:
        return await (await self._open()).session(session_id)

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        return await (await self._open()).events(session_id, with_pcm=with_pcm)

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        library = await self._open()
        return await library.peaks(session_id, buckets_per_second=buckets_per_second)

    async def delete(self, session_id: str) -> None:
        await (await self._open()).delete(session_id)

    async def totals(self) -> Totals:
        return await (await self._open()).totals()

    async def tags(self) -> list[TagCount]:
        return await (await self._open()).tags()

    async def rename(self, session_id: str, title: str) -> None:
        await (await self._open()).rename(session_id, title)

    async def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str] = ()) -> None:
        await (await self._open()).tag(ids, add, remove)

    async def pin(self, ids: Sequence[str], pinned: bool = True) -> None:
        await (await self._open()).pin(ids, pinned)

    async def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        await (await self._open()).archive(ids, archived)

    async def discard(self, ids: Sequence[str]) -> None:
        await (await self._open()).discard(ids)

    async def restore(self, ids: Sequence[str]) -> None:
        await (await self._open()).restore(ids)

    async def purge(self) -> None:
        if self._library is not None:
            await self._library.purge()

    async def export(
        self,
        ids: Sequence[str],
        order: ExportRequest,
        *,
        tell: Callable[[int, int], None] | None = None,
    ) -> ExportResult:
        return await (await self._open()).export(ids, order, tell=tell)

    async def verify(self, session_id: str | None = None) -> list[Finding]:
        return await (await self._open()).verify(session_id)

    async def prompts(self, *, limit: int) -> list[str]:
        return await (await self._open()).prompts(limit=limit)

    async def aclose(self) -> None:
        library, self._library = self._library, None
        if library is None:
            return
        try:
            await library.purge()
        except GramophoneError as error:
            # What is hidden stays hidden, and is removed when the library is opened another day.
            _log.warning("discarded sessions are not removed yet: %s", error)
        finally:
            await library.aclose()
