"""Puts a talk together: configuration in, an engine with its edges and its recorder out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from gramophone.app.providers import ProviderPool
from gramophone.config.config import Config
from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.conversation.settings import Memory
from gramophone.core.clock import SystemClock
from gramophone.core.errors import GramophoneError
from gramophone.core.sinks import Sink
from gramophone.core.tasks import broken, cancel, spawn
from gramophone.core.timeline import Entry, Failed, ProgressMade, TurnStarted
from gramophone.devices.speaker import DeviceSpeaker, MutedSpeaker
from gramophone.ports.engine import LanguageModel, Message, Speaker
from gramophone.providers.llm.http_model import HttpModel
from gramophone.providers.llm.serialized import SerializedModel
from gramophone.wire.deepgram.speak_v1.client import ClientLimits
from storage.recording.recorder import Recorder


class Session:
    """A running session."""

    def __init__(self, session_id: str, engine: Engine, engines: ProviderPool) -> None:
        self.session_id = session_id
        self.engine = engine
        self._engines = engines
        self._warming: asyncio.Task[None] | None = None

    def tell(self, what: str, detail: str) -> None:
        """Say how something slow goes on."""
        now_us = self.engine.now_us()
        self.engine.emit(ProgressMade(at_us=now_us, what=what, detail=detail))

    def fail(self, detail: str) -> None:
        """Say what cannot be done."""
        self.engine.emit(Failed(at_us=self.engine.now_us(), stage="session", detail=detail))

    def configure(self, config: Config) -> None:
        """Go by these settings from the next turn on.

        Raises:
            ConfigError: they cannot be used; nothing changes.
        """
        speech = self._engines.speech(config)
        model = self._engines.model(config, lambda detail: self.tell("model", detail))
        self.engine.configure(
            model,
            speech,
            provider=config.provider,
            voice=config.voice_name,
            system_prompt=config.system_prompt,
            speed=config.speed,
            lang=config.lang,
        )
        self.warm(model)

    def warm(self, model: LanguageModel | None) -> None:
        """Load what the next answer will need, while the user still types."""
        if self._warming is not None:
            self._warming.cancel()
        self._warming = spawn(_warm(model, self.engine), name="model warm-up")

    async def aclose(self) -> None:
        """Load nothing more."""
        await cancel(self._warming)


class _FromFirstTurn:
    """Hands a sink its events once something is said: a sitting without a word is not kept."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held: list[Entry] | None = []

    def emit(self, entry: Entry) -> None:
        if self._held is None:
            self._sink.emit(entry)
            return
        self._held.append(entry)
        if isinstance(entry, TurnStarted):
            held, self._held = self._held, None
            for earlier in held:
                self._sink.emit(earlier)


def new_session_id() -> str:
    """Sixteen hexadecimal digits by chance, so that a short prefix is enough to name one."""
    return secrets.token_hex(8)


@asynccontextmanager
async def talk(
    config: Config,
    sinks: Sequence[Sink],
    *,
    with_model: bool = True,
    inherited: Sequence[Message] = (),
    recorder: Recorder | None = None,
    engines: ProviderPool | None = None,
    switchable: bool = False,
    elsewhere: bool = False,
) -> AsyncGenerator[Session]:
    """A session that runs while the context is open, and is whole on disk after it; or leaves
    nothing there, if it is not to be kept.

    `switchable` talks may get the sound and lose it while they run; others, when muted, wait for
    no sound at all. `elsewhere` says that another talk has the sound for now.

    Raises:
        StorageError: the library cannot be written.
        ConfigError: a setting does not fit the service.
    """
    clock = SystemClock()
    own = ProviderPool() if engines is None else None
    engines = engines or own
    assert engines is not None
    speech = engines.speech(config)
    if recorder is None and config.keep:
        recorder = await asyncio.to_thread(
            Recorder.open, config.home, redact=config.secrets, patterns=config.redact
        )
    session_id = new_session_id()
    running: Session | None = None

    def tell(what: str, detail: str) -> None:
        if running is not None:
            running.tell(what, detail)

    model = engines.model(config, lambda detail: tell("model", detail)) if with_model else None
    conversation = Conversation(
        settings=_settings(config, session_id, model, switchable=switchable, elsewhere=elsewhere),
        limits=ClientLimits.embedded() if config.embedded_voice else ClientLimits(),
        inherited=inherited,
    )
    engine = Engine(
        conversation,
        clock=clock,
        model=model,
        speech=speech,
        speaker=speaker(config, config.sample_rate_hz, clock, switchable=switchable),
        sinks=[*([_FromFirstTurn(recorder)] if recorder is not None else []), *sinks],
    )
    running = Session(session_id, engine, engines)
    end_watch = engines.watch(tell)
    serving = spawn(engine.run(), name="engine")
    serving.add_done_callback(partial(_tell_how_it_ended, running))
    running.warm(model)
    try:
        yield running
    finally:
        end_watch()
        await running.aclose()
        engine.post(End())
        await asyncio.wait([serving])
        if own is not None:
            await own.aclose()
        if recorder is not None:
            await _close_recorder(recorder, engine)


def _settings(
    config: Config,
    session_id: str,
    model: LanguageModel | None,
    *,
    switchable: bool,
    elsewhere: bool,
) -> ConversationSettings:
    return ConversationSettings(
        session_id=session_id,
        provider=config.provider if model else "none",
        model=model.model if model else "",
        voice=config.voice_name,
        sample_rate_hz=config.sample_rate_hz,
        system_prompt=config.system_prompt if model else "",
        speed=config.speed,
        lang=config.lang,
        heard=switchable or not config.muted,
        muted=switchable and config.muted,
        elsewhere=elsewhere,
        memory=_memory(config, on_screen=switchable),
    )


def _memory(config: Config, *, on_screen: bool) -> Memory:
    """What was read counts where the answers stand on a screen, unless it is configured."""
    if config.memory:
        return "read" if config.memory == "read" else "heard"
    return "read" if on_screen else "heard"


def speaker(
    config: Config, sample_rate_hz: int, clock: SystemClock, *, switchable: bool = False
) -> Speaker:
    """The default device, or one that takes everything and plays nothing."""
    if config.muted and not switchable:
        return MutedSpeaker(sample_rate_hz, clock)
    return DeviceSpeaker(sample_rate_hz, clock, device_name=config.device)


def _tell_how_it_ended(talk: Session, serving: asyncio.Task[None]) -> None:
    """A task that dies says so to nobody; whoever listens to the talk must hear of it."""
    if not serving.cancelled() and (error := serving.exception()) is not None:
        talk.fail(broken(error))


async def _warm(model: LanguageModel | None, engine: Engine) -> None:
    if isinstance(model, SerializedModel):
        try:
            await model.start()
        except GramophoneError as error:
            engine.emit(Failed(at_us=engine.now_us(), stage="model", detail=str(error)))
            return
    if isinstance(model, SerializedModel | HttpModel):
        await asyncio.to_thread(model.load)


async def _close_recorder(recorder: Recorder, engine: Engine) -> None:
    try:
        await recorder.aclose()
    except GramophoneError as error:
        engine.emit(Failed(at_us=engine.now_us(), stage="recording", detail=str(error)))
