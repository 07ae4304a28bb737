"""One conversation of several, as the screen sees it (`ports.backend.ConversationHandle`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from gramophone.app.choices import check_voice
from gramophone.app.mailbox import Mailbox
from gramophone.config.config import Config
from gramophone.config.loading import choose
from gramophone.core.errors import (
    ConfigError,
    GramophoneError,
    SessionNotFound,
    SessionNotResumable,
)
from gramophone.core.intents import Intent, SetAudioFocus
from gramophone.core.tasks import internal_error_message
from gramophone.core.timeline import Failed, NoticeGiven, Stage, TimelineRestarted
from gramophone.ports.backend import ConversationInfo, ConversationOptions
from gramophone.ports.language_model import Message

if TYPE_CHECKING:
    from gramophone.app.providers import ProviderPool
    from gramophone.app.session import Session
    from storage.recording.recorder import Recorder

NOT_RUNNING = "The engine is not running: quit with Ctrl+Q, and start again."


class LiveConversation:
    """A conversation whose calls, from any thread, take effect on the engine's loop.

    It exists before its session does: the screen does not wait for the engine. Calls are queued
    until the session is open, and then carried out in their order.
    """

    def __init__(
        self,
        config: Config,
        choice: ConversationOptions,
        call: Callable[[Callable[[], None]], None],
        *,
        inherited: Sequence[Message],
        resume: str,
        focused: bool,
    ) -> None:
        """`call` runs a function on the engine's loop."""
        self._base = config
        self._choice = choice
        self._call = call
        self._inherited = tuple(inherited)
        self._resume = resume
        self._focused = focused
        self._queued: deque[Callable[[Session], None]] = deque()
        self._session: Session | None = None
        self._over: asyncio.Event | None = None
        self._closed = False
        self._lost = False
        self.feed = Mailbox()
        try:
            self._config = _chosen(config, choice)
        except ConfigError as error:
            # It goes on as configured, and the screen shows why.
            self._config = config
            self.feed.emit(Failed(at_us=0, stage="session", detail=str(error)))
        chosen = self._config
        self.setup = ConversationInfo(
            chosen.provider, chosen.model_name, chosen.voice_name, chosen.muted, chosen.keep
        )

    # --- from any thread ----------------------------------------------------------------------

    def post(self, intent: Intent) -> None:
        self._do(lambda session: session.engine.post(intent))

    def configure(self, choice: ConversationOptions) -> None:
        # Checked here, because the caller gets the error; a `Failed` in the feed would come later.
        config = _chosen(self._base, choice)
        check_voice(config)
        self._choice = choice
        self._use(config)

    def adopt(self, config: Config) -> None:
        """Use changed settings from the next turn on, but for what was chosen here."""
        self._base = config
        if self._closed or self._lost:
            return
        try:
            self._use(_chosen(config, self._choice), reopen=True)
        except ConfigError as error:
            self.feed.emit(Failed(at_us=0, stage="session", detail=str(error)))

    def _use(self, config: Config, *, reopen: bool = False) -> None:
        def change(session: Session) -> None:
            try:
                session.configure(config, reopen=reopen)
            except ConfigError as error:
                session.fail(str(error))

        self._do(change)

    def set_audio_focus(self, focused: bool) -> None:
        self.post(SetAudioFocus(focused))

    def close(self) -> None:
        self._closed = True
        self._call(self.end)

    def _do(self, work: Callable[[Session], None]) -> None:
        if self._lost:
            # Nothing will carry it out: the user is told each time rather than left to wait.
            self.feed.emit(Failed(at_us=0, stage="session", detail=NOT_RUNNING))
            return
        self._queued.append(work)
        self._call(self._work_off)

    # --- on the engine's loop -----------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether an answer is under way."""
        return self._session is not None and self._session.engine.speaking

    async def run(self, recorder: Recorder | None, pool: ProviderPool) -> None:
        """Run the session until `end`; failures come in the feed. A stored session that cannot go
        on does so as a new one, with a notice."""
        # Made here, because it belongs to the engine's loop; `close` may have come before.
        self._over = asyncio.Event()
        if self._closed:
            self._over.set()
        try:
            if self._resume:
                try:
                    await self._serve(recorder, pool, self._resume, self._over)
                except (ConfigError, SessionNotFound, SessionNotResumable) as error:
                    self._fork(str(error))
                    await self._serve(None, pool, "", self._over)
            else:
                await self._serve(recorder, pool, "", self._over)
        except GramophoneError as error:
            self.lose("recording", str(error))
        except Exception as error:
            self.lose("session", internal_error_message(error))

    async def _serve(
        self, recorder: Recorder | None, pool: ProviderPool, resume: str, over: asyncio.Event
    ) -> None:
        from gramophone.app.session import SessionOptions, open_session

        if resume and recorder is not None and recorder.resumes is None:
            # Opened at the start, to learn whether the library can be written.
            await recorder.aclose()
            recorder = None
        options = SessionOptions(
            inherited=() if resume else self._inherited,
            resume=resume,
            switchable=True,
            focused=self._focused,
        )
        async with open_session(
            self._config, [self.feed], options, recorder=recorder, pool=pool
        ) as session:
            self._session = session
            self._work_off()
            await over.wait()
            self._session = None

    def _fork(self, reason: str) -> None:
        """Show nothing of the stored session itself any more: its turns are inherited."""
        self.feed.emit(TimelineRestarted(at_us=0, entries=0))
        detail = f"{reason} What is said now goes into a session of its own."
        self.feed.emit(NoticeGiven(at_us=0, stage="session", detail=detail))

    def end(self) -> None:
        """Let `run` end."""
        self._closed = True
        if self._over is not None:
            self._over.set()

    def lose(self, stage: Stage, detail: str) -> None:
        """Give up: the engine is gone, and nothing more that is asked will be done."""
        self._lost = True
        self.feed.emit(Failed(at_us=0, stage=stage, detail=detail))

    def _work_off(self) -> None:
        while self._session is not None and self._queued:
            self._queued.popleft()(self._session)


def _chosen(config: Config, choice: ConversationOptions) -> Config:
    """The settings with those of a conversation.

    Raises:
        ConfigError: they cannot be had.
    """
    options = {item.name: getattr(choice, item.name) for item in fields(choice)}
    return choose(config, **options)
