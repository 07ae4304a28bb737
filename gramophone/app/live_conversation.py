"""One conversation of several, on the engine's loop, as the screen sees it
(`ports.ConversationHandle`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from gramophone.app.choices import check_voice
from gramophone.app.mailbox import Mailbox
from gramophone.config.config import Config, choose
from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.core.intents import Intent, SetAudioFocus
from gramophone.core.tasks import broken
from gramophone.core.timeline import Failed, Stage
from gramophone.ports.backend import ConversationInfo, ConversationOptions
from gramophone.ports.engine import Message

if TYPE_CHECKING:
    from gramophone.app.providers import ProviderPool
    from gramophone.app.session import Session
    from storage.recording.recorder import Recorder

NOT_RUNNING = "The engine is not running: quit with Ctrl+Q, and start again."


class LiveConversation:
    """What is asked of it before it runs waits. `call` runs something on the engine's loop."""

    def __init__(
        self,
        config: Config,
        choice: ConversationOptions,
        call: Callable[[Callable[[], None]], None],
        *,
        inherited: Sequence[Message],
        heard: bool,
    ) -> None:
        self._base = config
        self._call = call
        self._inherited = tuple(inherited)
        self._heard = heard
        self._waiting: deque[Callable[[Session], None]] = deque()
        self._talk: Session | None = None
        self._over: asyncio.Event | None = None
        self._closed = False
        self._lost = False
        self.feed = Mailbox()
        try:
            self._config = choose(config, **asdict(choice))
        except ConfigError as error:
            self._config = config
            self.fail("session", error)
        chosen = self._config
        self.setup = ConversationInfo(
            chosen.provider, chosen.model_name, chosen.voice_name, chosen.muted, chosen.keep
        )

    # --- from any thread ----------------------------------------------------------------------

    def post(self, intent: Intent) -> None:
        self._do(lambda talk: talk.engine.post(intent))

    def configure(self, choice: ConversationOptions) -> None:
        config = choose(self._base, **asdict(choice))
        check_voice(config)

        def change(talk: Session) -> None:
            try:
                talk.configure(config)
            except ConfigError as error:
                talk.fail(str(error))

        self._do(change)

    def set_audio_focus(self, focused: bool) -> None:
        self.post(SetAudioFocus(focused))

    def close(self) -> None:
        self._closed = True
        self._call(self.end)

    def _do(self, work: Callable[[Session], None]) -> None:
        if self._lost:
            # Nobody will answer: better told each time than waited for.
            self.feed.emit(Failed(at_us=0, stage="session", detail=NOT_RUNNING))
            return
        self._waiting.append(work)
        self._call(self._hand_over)

    # --- on the engine's loop -----------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether an answer is under way."""
        return self._talk is not None and self._talk.engine.speaking

    async def run(self, recorder: Recorder | None, engines: ProviderPool) -> None:
        """Talk until `end`; what goes wrong is told in the feed."""
        from gramophone.app.session import talk

        self._over = asyncio.Event()
        if self._closed:
            self._over.set()
        try:
            async with talk(
                self._config,
                [self.feed],
                inherited=self._inherited,
                recorder=recorder,
                engines=engines,
                switchable=True,
                elsewhere=not self._heard,
            ) as running:
                self._talk = running
                self._hand_over()
                await self._over.wait()
                self._talk = None
        except GramophoneError as error:
            self.lose("recording", str(error))
        except Exception as error:
            self.lose("session", broken(error))

    def end(self) -> None:
        """The conversation is to end."""
        self._closed = True
        if self._over is not None:
            self._over.set()

    def lose(self, stage: Stage, detail: str) -> None:
        """The engine is gone; nothing that is asked will be done."""
        self._lost = True
        self.feed.emit(Failed(at_us=0, stage=stage, detail=detail))

    def fail(self, stage: str, error: GramophoneError) -> None:
        """Say what went wrong before, or instead of, the talk."""
        told = "session" if stage == "session" else "recording"
        self.feed.emit(Failed(at_us=0, stage=told, detail=str(error)))

    def _hand_over(self) -> None:
        while self._talk is not None and self._waiting:
            self._waiting.popleft()(self._talk)
