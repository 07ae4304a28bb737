"""Puts a talk together: configuration in, an engine with its edges and its recorder out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from gramophone.clock import SystemClock
from gramophone.config import Config
from gramophone.conversation import Conversation, ConversationSettings
from gramophone.engine import Engine
from gramophone.errors import ConfigError, GramophoneError
from gramophone.exchange import End
from gramophone.ports import LanguageModel, Message, Sink, Speaker, SpeechService
from gramophone.tasks import broken, cancel, spawn
from gramophone.timeline import Entry, Failed, ProgressMade, TurnStarted
from gramophone.voice.anthropic_messages import AnthropicMessages
from gramophone.voice.embedded_speech import EmbeddedSpeech
from gramophone.voice.local_model import LocalModel
from gramophone.voice.openai_chat import OpenAIChat
from gramophone.voice.speaker import DeviceSpeaker, MutedSpeaker
from gramophone.voice.speech_socket import DeepgramSpeech
from gramophone.wire.speak_client import ClientLimits
from gramophone.wire.speak_messages import ParameterRefused, SpeakParameters
from storage.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Talk:
    """A running session."""

    session_id: str
    engine: Engine


class _Progress:
    """Says how an engine's loading goes on, once there is an engine to say it to."""

    def __init__(self) -> None:
        self.engine: Engine | None = None

    def about(self, what: str) -> Callable[[str], None]:
        return lambda detail: self.tell(what, detail)

    def tell(self, what: str, detail: str) -> None:
        if self.engine is not None:
            now_us = self.engine.now_us()
            self.engine.emit(ProgressMade(at_us=now_us, what=what, detail=detail))


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


def parameters(config: Config) -> SpeakParameters:
    """What a speech connection asks for."""
    return SpeakParameters(
        model=config.voice, sample_rate_hz=config.sample_rate_hz, speed=config.speed
    )


def speaker(config: Config, sample_rate_hz: int, clock: SystemClock) -> Speaker:
    """The default device, or one that takes everything and plays nothing."""
    if config.muted:
        return MutedSpeaker(sample_rate_hz, clock)
    return DeviceSpeaker(sample_rate_hz, clock, device_name=config.device)


def language_model(config: Config, progress: Callable[[str], None]) -> LanguageModel:
    """The model of the provider that was chosen."""
    match config.provider:
        case "openai":
            return OpenAIChat(
                config.model,
                api_key=config.openai_key,
                base_url=config.openai_base_url,
                max_tokens=config.max_tokens,
            )
        case "anthropic":
            return AnthropicMessages(
                config.model,
                api_key=config.anthropic_key,
                base_url=config.anthropic_base_url,
                max_tokens=config.max_tokens,
            )
        case _:
            return LocalModel(
                model_file=config.local_model,
                max_tokens=config.max_tokens or 200,
                progress=progress,
            )


def speech_service(config: Config, progress: Callable[[str], None]) -> SpeechService:
    """Deepgram or whoever speaks as it does, else the voice on this machine."""
    try:
        asked = parameters(config)
        SpeakParameters.from_query(asked.to_query())
    except ParameterRefused as error:
        raise ConfigError(f"The voice settings are wrong: {error}") from error
    if config.embedded_voice:
        return EmbeddedSpeech(asked, progress=progress)
    return DeepgramSpeech(config.speak_endpoint, asked, api_key=config.deepgram_key)


@asynccontextmanager
async def talk(
    config: Config,
    sinks: Sequence[Sink],
    *,
    with_model: bool = True,
    inherited: Sequence[Message] = (),
    recorder: Recorder | None = None,
) -> AsyncGenerator[Talk]:
    """A session that runs while the context is open, and is whole on disk after it.

    Raises:
        StorageError: the library cannot be written.
        ConfigError: a setting does not fit the service.
    """
    clock = SystemClock()
    progress = _Progress()
    if recorder is None:
        recorder = await asyncio.to_thread(Recorder.open, config.home, redact=config.secrets)
    model = language_model(config, progress.about("model")) if with_model else None
    speech = speech_service(config, progress.about("voice"))
    session_id = new_session_id()
    conversation = Conversation(
        settings=ConversationSettings(
            session_id=session_id,
            provider=config.provider if with_model else "none",
            model=model.model if model else "",
            voice=config.voice_name,
            sample_rate_hz=config.sample_rate_hz,
            system_prompt=config.system_prompt if with_model else "",
            lang=config.lang,
            heard=not config.muted,
            speed=config.speed,
        ),
        limits=ClientLimits.embedded() if config.embedded_voice else ClientLimits(),
        inherited=inherited,
    )
    engine = Engine(
        conversation,
        clock=clock,
        model=model,
        speech=speech,
        speaker=speaker(config, config.sample_rate_hz, clock),
        sinks=[_FromFirstTurn(recorder), *sinks],
    )
    progress.engine = engine
    running = spawn(engine.run(), name="engine")
    running.add_done_callback(partial(_tell_how_it_ended, engine))
    warming = spawn(_warm(model, engine), name="model warm-up")
    try:
        yield Talk(session_id, engine)
    finally:
        await cancel(warming)
        engine.post(End())
        await asyncio.wait([running])
        if isinstance(speech, EmbeddedSpeech):
            await speech.aclose()
        await _close_recorder(recorder, engine)


def _tell_how_it_ended(engine: Engine, running: asyncio.Task[None]) -> None:
    """A task that dies says so to nobody; whoever listens to the talk must hear of it."""
    if not running.cancelled() and (error := running.exception()) is not None:
        engine.emit(Failed(at_us=engine.now_us(), stage="session", detail=broken(error)))


async def _warm(model: LanguageModel | None, engine: Engine) -> None:
    """Load what the first answer will need, while the user still types."""
    if isinstance(model, LocalModel):
        try:
            await model.start()
        except GramophoneError as error:
            engine.emit(Failed(at_us=engine.now_us(), stage="model", detail=str(error)))
            return
    if isinstance(model, LocalModel | OpenAIChat | AnthropicMessages):
        await asyncio.to_thread(model.load)


async def _close_recorder(recorder: Recorder, engine: Engine) -> None:
    try:
        await recorder.aclose()
    except GramophoneError as error:
        engine.emit(Failed(at_us=engine.now_us(), stage="recording", detail=str(error)))
