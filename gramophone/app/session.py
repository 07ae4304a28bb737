"""Opens a session: configuration in, an engine with its edges and its recorder out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from gramophone.app.event_log import event_logs
from gramophone.app.model_lists import ModelLists
from gramophone.app.providers import ProviderPool
from gramophone.app.resumption import resumption_of
from gramophone.config.config import Config
from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.conversation.opening import Resumption
from gramophone.conversation.settings import Memory
from gramophone.core.clock import SystemClock, wall_clock
from gramophone.core.errors import GramophoneError, SessionNotResumable
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings
from gramophone.core.sinks import Sink
from gramophone.core.tasks import cancel, internal_error_message, spawn
from gramophone.core.timeline import Entry, Failed, ProgressMade, TurnStarted
from gramophone.devices.speaker import DeviceSpeaker, MutedSpeaker
from gramophone.ports.language_model import LanguageModel, Message
from gramophone.ports.speaker import Speaker
from gramophone.ports.speech import SpeechService
from gramophone.providers.llm.fallback import FallbackModel
from gramophone.providers.llm.http_model import HttpModel
from gramophone.providers.llm.serialized import SerializedModel
from gramophone.providers.tts.http_speech import HttpSpeech
from storage.recording.recorder import Recorder

NOT_RESUMED = "A stored session goes on only where sessions are recorded (no --no-keep)."


@frozen
class _Parts:
    """Parts in which a new session and one that goes on differ."""

    session_id: str
    sample_rate_hz: int
    speech: SpeechService
    clock: SystemClock
    speaker: Speaker
    resumption: Resumption | None


class Session:
    """A running session. Belongs to the engine's loop.

    `died` says that the engine has failed: what is posted to it will not be handled.
    """

    def __init__(
        self,
        parts: _Parts,
        engine: Engine,
        pool: ProviderPool,
        recorder: Recorder | None = None,
        *,
        asks_window: bool = False,
    ) -> None:
        """With `asks_window`, servers are asked for the context before the first question."""
        self.died = False
        self.session_id = parts.session_id
        self.engine = engine
        self.pool = pool
        self._recorder = recorder
        self._speaker = parts.speaker
        self._sample_rate_hz = parts.sample_rate_hz
        self._asks_window = asks_window
        self._warming: asyncio.Task[None] | None = None

    def report_progress(self, what: str, detail: str) -> None:
        """Emit the progress of something slow, such as an engine that loads; "" when it is done."""
        now_us = self.engine.now_us()
        self.engine.emit(ProgressMade(at_us=now_us, what=what, detail=detail))

    def fail(self, detail: str) -> None:
        """Emit a failure of the session, as a sentence for the user."""
        self.engine.emit(Failed(at_us=self.engine.now_us(), stage="session", detail=detail))

    def configure(self, config: Config, *, reopen: bool = False) -> None:
        """Use these settings from the next turn on, and their device at once. With `reopen` the
        voice is connected to again.

        Raises:
            ConfigError: they cannot be used; nothing changes.
        """
        if self._recorder is not None:
            # Before anything is sent with them.
            self._recorder.hide(config.secrets)
        # A service that sends any rate is asked for that of the session, which the device has.
        speech = self.pool.speech(config, self._sample_rate_hz)
        model = self.pool.model(config, partial(self.report_progress, "model"))
        self.engine.configure(
            model,
            speech,
            provider=model.provider,
            voice=config.voice_name,
            system_prompt=config.system_prompt,
            speed=config.voice_speed,
            lang=config.lang,
            model_settings=config.model_settings,
            reopen=reopen,
        )
        if isinstance(self._speaker, DeviceSpeaker):
            self._speaker.use_device(config.device)
        self.warm(model, speech)

    def warm(self, model: LanguageModel | None, speech: SpeechService) -> None:
        """Load in the background what the next answer will need, while the user still types."""
        if self._warming is not None:
            self._warming.cancel()
        self._warming = spawn(
            _warm(model, speech, self.engine, asks_window=self._asks_window), name="model warm-up"
        )

    async def aclose(self) -> None:
        """Stop loading."""
        await cancel(self._warming)


class _FromFirstTurn:
    """Gives a sink its events once a turn has begun: a session without any is not recorded."""

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
    """Sixteen random hexadecimal digits, so that a short prefix is enough to name a session."""
    return secrets.token_hex(8)


@frozen(kw_only=True)
class SessionOptions:
    """Properties of a session that are not settings of the user.

    Attributes:
        with_model: whether a language model is asked at all.
        model: a model that is asked instead of the configured one.
        inherited: turns of an earlier session, which begin the history.
        resume: id of a stored session that goes on, instead of a new one.
        switchable: whether the sound can be muted and unmuted while the session runs. In others a
            muted session does not wait for sound that nobody hears.
        focused: whether this session, of several, has the sound at first.
    """

    with_model: bool = True
    model: LanguageModel | None = None
    inherited: Sequence[Message] = ()
    resume: str = ""
    switchable: bool = False
    focused: bool = True


@asynccontextmanager
async def open_session(
    config: Config,
    sinks: Sequence[Sink],
    options: SessionOptions = SessionOptions(),  # noqa: B008 (frozen)
    *,
    recorder: Recorder | None = None,
    pool: ProviderPool | None = None,
) -> AsyncGenerator[Session]:
    """Run a session while the context is open; after it the recording is whole on disk.

    `sinks` get every entry, besides the recorder, which is opened if none is given; it is closed at
    the end. With `config.keep` off, nothing is recorded. Engines come from `pool`, which stays
    open, else from a pool of this session alone.

    Raises:
        StorageError: the library cannot be written, or nothing be added to the session to resume.
        ConfigError: a setting does not fit the service.
    """

    def report(detail: str) -> None:  # Called only while the session runs.
        session.report_progress("model", detail)

    async with _pool_or_own(pool, config) as engines:
        model = options.model
        if model is None and options.with_model:
            model = engines.model(config, report)
        if recorder is None and config.keep:
            recorder = await asyncio.to_thread(open_recorder, config, resume=options.resume)
        try:
            parts = _parts(config, options, engines, recorder)
        except BaseException:
            if recorder is not None:
                await recorder.aclose()
            raise
        # The recorder comes first: what another sink shows is on its way to the disk by then.
        recording = [_FromFirstTurn(recorder)] if recorder is not None else []
        engine = _engine(config, options, parts, model, [*recording, *event_logs(), *sinks])
        session = Session(parts, engine, engines, recorder, asks_window=options.switchable)
        async with _running(session, model, parts.speech, recorder):
            yield session


def _parts(
    config: Config, options: SessionOptions, engines: ProviderPool, recorder: Recorder | None
) -> _Parts:
    """Make the parts of a new session, or of the stored one that is to go on.

    Raises:
        SessionNotResumable: nothing is recorded, or nothing can be added to it.
        ConfigError: the voice does not have the session's rate.
    """
    if not options.resume:
        point, resumption, rate_hz = None, None, config.speech_rate_hz
    elif recorder is None or recorder.resumes is None:
        raise SessionNotResumable(NOT_RESUMED)
    else:
        point = recorder.resumes
        resumption, rate_hz = resumption_of(point, wall_clock()), point.record.sample_rate_hz
    clock = SystemClock(point.start_us if point else 0)
    return _Parts(
        session_id=point.record.summary.id if point else new_session_id(),
        sample_rate_hz=rate_hz,
        speech=engines.speech(config, rate_hz),
        clock=clock,
        speaker=make_speaker(config, rate_hz, clock, switchable=options.switchable),
        resumption=resumption,
    )


def open_recorder(
    config: Config, *, resume: str = "", progress: Callable[[int, int], None] | None = None
) -> Recorder:
    """Open a recorder for a new session, or for the stored one that is to go on.

    Raises:
        StorageError: the library cannot be written, or the session cannot be resumed.
    """
    return Recorder.open(
        config.home,
        redact=config.secrets,
        patterns=config.redact,
        resume=resume,
        progress=progress,
    )


def _engine(
    config: Config,
    options: SessionOptions,
    parts: _Parts,
    model: LanguageModel | None,
    sinks: list[Sink],
) -> Engine:
    switchable = options.switchable
    settings = ConversationSettings(
        session_id=parts.session_id,
        provider=model.provider if model else "none",
        model=model.model if model else "",
        voice=config.voice_name,
        sample_rate_hz=parts.sample_rate_hz,
        system_prompt=config.system_prompt if model else "",
        speed=config.voice_speed,
        lang=config.lang,
        audible=switchable or not config.muted,
        muted=switchable and config.muted,
        elsewhere=not options.focused,
        memory=_memory(config, on_screen=switchable),
        model_settings=config.model_settings if model else ModelSettings(),
    )
    return Engine(
        Conversation(
            settings=settings,
            speech=parts.speech.protocol,
            inherited=options.inherited,
            resumption=parts.resumption,
        ),
        clock=parts.clock,
        model=model,
        speech=parts.speech,
        speaker=parts.speaker,
        sinks=sinks,
    )


@asynccontextmanager
async def _running(
    session: Session,
    model: LanguageModel | None,
    speech: SpeechService,
    recorder: Recorder | None,
) -> AsyncGenerator[None]:
    """Run the engine while the context is open.

    The order of the end matters: the engine emits the last events of the session when it is ended,
    and only then the recorder may be closed.
    """
    engine = session.engine
    stop_watching = session.pool.watch(session.report_progress)
    serving = spawn(engine.run(), name="engine")
    serving.add_done_callback(partial(_report_death, session))
    session.warm(model, speech)
    try:
        yield
    finally:
        stop_watching()
        await session.aclose()
        engine.post(End())
        await asyncio.wait([serving])
        if recorder is not None:
            await _close_recorder(recorder, engine)


@asynccontextmanager
async def _pool_or_own(pool: ProviderPool | None, config: Config) -> AsyncGenerator[ProviderPool]:
    """The given pool, which stays open; or a new one, whose engines end with the context."""
    if pool is not None:
        yield pool
        return
    own = ProviderPool(ModelLists(config.home, stored=config.keep))
    try:
        yield own
    finally:
        await own.aclose()


def _memory(config: Config, *, on_screen: bool) -> Memory:
    """Configured memory; else all text where the answers stand on a screen to be read."""
    if config.memory:
        return "read" if config.memory == "read" else "heard"
    return "read" if on_screen else "heard"


def make_speaker(
    config: Config, sample_rate_hz: int, clock: SystemClock, *, switchable: bool = False
) -> Speaker:
    """The configured device; for a muted session that cannot be unmuted, one that discards all."""
    if config.muted and not switchable:
        return MutedSpeaker(sample_rate_hz, clock)
    return DeviceSpeaker(sample_rate_hz, clock, device_name=config.device)


def _report_death(session: Session, serving: asyncio.Task[None]) -> None:
    """Emit a failure if the engine's task has died: its listeners would wait for ever."""
    if not serving.cancelled() and (error := serving.exception()) is not None:
        session.died = True
        session.fail(internal_error_message(error))


async def _warm(
    model: LanguageModel | None, speech: SpeechService, engine: Engine, *, asks_window: bool
) -> None:
    if isinstance(speech, HttpSpeech):
        # It imports an SDK, too: without this the first answer would wait for that.
        await asyncio.to_thread(speech.load)
    if isinstance(model, FallbackModel):
        model = model.first
    if isinstance(model, SerializedModel):
        try:
            await model.start()
        except GramophoneError as error:
            engine.emit(Failed(at_us=engine.now_us(), stage="model", detail=str(error)))
            return
    if isinstance(model, SerializedModel | HttpModel):
        # Imports an SDK for half a second, for which the loop that carries sound must not stop.
        await asyncio.to_thread(model.load)
    if isinstance(model, HttpModel) and asks_window:
        model.ask_window()


async def _close_recorder(recorder: Recorder, engine: Engine) -> None:
    try:
        await recorder.aclose()
    except GramophoneError as error:
        engine.emit(Failed(at_us=engine.now_us(), stage="recording", detail=str(error)))
