"""The engine in a thread of its own, as the screen sees it (`ports.backend.Backend`).

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
from gramophone.app.model_lists import ModelLists
from gramophone.app.voice_lists import VoiceLists
from gramophone.config.config import Config
from gramophone.core.errors import GramophoneError, ModelError, SpeechError
from gramophone.core.tasks import cancel, internal_error_message, spawn
from gramophone.core.timeline import Entry, Failed, Stage
from gramophone.library.library import Library
from gramophone.ports.backend import (
    AvailableOptions,
    ConversationInfo,
    ConversationOptions,
    ReplayState,
)
from gramophone.ports.language_model import Message

if TYPE_CHECKING:
    from gramophone.app.providers import ProviderPool
    from gramophone.app.replay_player import ReplayPlayer
    from gramophone.replay.replay import Replay
    from gramophone.replay.schedule import ReplaySchedule
    from storage.recording.recorder import Recorder

STOP_TIMEOUT_S = 10.0
_SESSIONS_OF_USED_MODELS = 200


class EngineThread:
    """Runs conversations on an event loop of its own, away from the loop that draws."""

    def __init__(self, config: Config, recorder: Recorder | None) -> None:
        self._config = config
        self._recorder = recorder
        self._library = LibraryOnDemand(config.home)
        self._model_lists = ModelLists(config.home, stored=config.keep)
        self._voice_lists = VoiceLists()
        self._used_models: Sequence[tuple[str, str]] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._all: list[LiveConversation] = []
        self._waiting: deque[LiveConversation] = deque()
        self._lost = False
        self._conversations: dict[LiveConversation, asyncio.Task[None]] = {}
        self._pool: ProviderPool | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.setup = _info(config)

    async def open_library(self) -> Library:
        """The library for the screen's loop; opened by the first call.

        Raises:
            StorageError: it cannot be read.
        """
        return await self._library.open()

    def start(self) -> None:
        """Start the thread; engines load in it."""
        self._thread.start()

    def adopt(self, config: Config) -> None:
        """Use changed settings; open conversations do from their next turn on."""
        self._config = config
        self.setup = _info(config)
        for conversation in self._all:
            conversation.adopt(config)

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config

    def choices(self) -> AvailableOptions:
        """List providers, models and voices for a conversation."""
        return available_options(
            self._config, self._model_lists.names(), self._used_models, self._voice_lists.names()
        )

    def open_conversation(
        self,
        choice: ConversationOptions = ConversationOptions(),  # noqa: B008 (frozen)
        *,
        inherited: Sequence[Message] = (),
        resume: str = "",
        focused: bool = True,
    ) -> LiveConversation:
        """Begin a conversation; one that is opened before the engine is ready waits."""
        conversation = LiveConversation(
            self._config, choice, self._call, inherited=inherited, resume=resume, focused=focused
        )
        self._all.append(conversation)
        if self._lost:
            conversation.lose("session", NOT_RUNNING)
        self._waiting.append(conversation)
        self._call(self._open_waiting)
        return conversation

    def replay(
        self, session_id: str, *, at_us: int = 0, speed: float = 1.0, playing: bool = True
    ) -> ReplayPlayer:
        """Play a stored session into a feed of its own."""
        from gramophone.app.replay_player import ReplayPlayer

        config = self._config

        async def load() -> ReplaySchedule:
            from storage.library import StoredLibrary

            async with await StoredLibrary.open(config.home) as library:
                events = await library.events(session_id, with_pcm=False)
                sound = library.sound(session_id)

            def lay_out() -> ReplaySchedule:
                # In a thread: this takes up to a second, and the loop plays live sound. numpy is
                # what another speed needs, imported here for the same reason.
                importlib.import_module("numpy")
                from gramophone.app.replay_session import make_schedule

                return make_schedule(events, sound)

            return await asyncio.to_thread(lay_out)

        def make(
            schedule: ReplaySchedule,
            emit: Callable[[Entry], None],
            *,
            state: ReplayState,
            on_state: Callable[[ReplayState], None],
        ) -> Replay:
            from gramophone.app.replay_session import make_interactive_replay

            return make_interactive_replay(schedule, config, emit, state=state, on_state=on_state)

        initial = ReplayState(position_us=at_us, speed=speed, playing=playing)
        return ReplayPlayer(self._call, load, make, is_busy=self._speaks, initial=initial)

    async def suggest_title(self, session_id: str) -> str:
        """Ask the model for a title of a session; cancelling the await stops it.

        Raises:
            ModelError: the model failed, or gave nothing that could be a title.
            StorageError: the session cannot be read.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            raise ModelError("The engine is not ready yet; try again in a moment.")
        future = asyncio.run_coroutine_threadsafe(self._suggest_title(session_id), loop)
        return await asyncio.wrap_future(future)

    async def play_sample(self, voice: str) -> None:
        """Speak a sentence with a voice; cancelling the await stops it.

        Raises:
            SpeechError: the voice failed, or is not ready.
            SpeakerError: there is no device that it could be heard from.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            raise SpeechError("The engine is not ready yet; try again in a moment.")
        future = asyncio.run_coroutine_threadsafe(self._play_sample(voice), loop)
        await asyncio.wrap_future(future)

    def unseen_failures(self) -> list[str]:
        """Take the failures that no screen has shown, as sentences; for the terminal at the end."""
        entries = (entry for conversation in self._all for entry in conversation.feed.take())
        return [entry.detail for entry in entries if isinstance(entry, Failed)]

    def stop(self) -> None:
        """End all conversations and wait until their recordings are whole; at most 20 seconds.

        Called when the screen's loop has ended.
        """
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
            self._lose("session", internal_error_message(error))
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._ready.set()
        from gramophone.app.providers import ProviderPool
        from storage.library import StoredLibrary

        if self._config.keep:
            # Opening the library repairs what a killed process left, for which the screen does not
            # wait. Where nothing is recorded, nothing on the disk is changed either.
            async with await StoredLibrary.open(self._config.home) as library:
                sessions = await library.sessions(limit=_SESSIONS_OF_USED_MODELS)
                self._used_models = [(session.provider, session.model) for session in sessions]
        pool = self._pool = ProviderPool(self._model_lists)
        self._open_waiting()
        listing = spawn(self._list_models(), name="lists of models")
        listing_voices = spawn(self._voice_lists.refresh(self._config), name="list of voices")
        await self._stopping.wait()
        await cancel(listing)
        await cancel(listing_voices)
        self._pool = None
        for conversation in self._conversations:
            conversation.end()
        if self._conversations:
            await asyncio.wait(self._conversations.values())
        await pool.aclose()
        if self._recorder is not None:
            await self._recorder.aclose()

    def _open_waiting(self) -> None:
        """Begin the conversations that wait. The first gets the recorder that was opened before the
        screen, to learn whether the library can be written; the others open their own."""
        while self._pool is not None and self._waiting:
            conversation = self._waiting.popleft()
            recorder, self._recorder = self._recorder, None
            task = spawn(conversation.run(recorder, self._pool), name="conversation")
            self._conversations[conversation] = task
            task.add_done_callback(lambda _, ended=conversation: self._conversations.pop(ended))

    async def _list_models(self) -> None:
        from gramophone.app.endpoint_clients import checked_endpoints

        used = {provider for provider, _ in self._used_models}
        await self._model_lists.refresh(checked_endpoints(self._config, used))

    def _speaks(self) -> bool:
        return any(conversation.speaking for conversation in self._conversations)

    async def _suggest_title(self, session_id: str) -> str:
        from gramophone.app.title_suggestion import suggest_title

        if self._pool is None:
            raise ModelError("The engine is not ready yet; try again in a moment.")
        return await suggest_title(self._config, session_id, self._pool)

    async def _play_sample(self, voice: str) -> None:
        from gramophone.app.voice_preview import play_sample

        if self._pool is None:
            raise SpeechError("The voice is not ready yet; try again in a moment.")
        await play_sample(self._config, voice, self._pool)

    def _lose(self, stage: Stage, detail: str) -> None:
        """Tell every conversation that there is no engine; those opened later are told, too."""
        self._lost = True
        for conversation in self._all:
            conversation.lose(stage, detail)

    def _call(self, function: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function)


def _info(config: Config) -> ConversationInfo:
    return ConversationInfo(
        config.provider, config.model_name, config.voice_name, config.muted, config.keep
    )
