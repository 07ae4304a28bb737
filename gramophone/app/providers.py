"""Language models and voices for conversations; engines on this machine are shared by them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gramophone.app.choices import checked, speech_parameters
from gramophone.app.context_windows import context_window
from gramophone.app.endpoint_clients import client_of
from gramophone.app.model_lists import ModelLists
from gramophone.app.picture_support import picture_support
from gramophone.app.user_models import user_model_of
from gramophone.app.voice_clients import speech_client
from gramophone.config.config import Config
from gramophone.config.endpoints import LOCAL
from gramophone.config.loading import choose, require_model
from gramophone.config.user_models import is_user_model
from gramophone.config.voices import EMBEDDED
from gramophone.core.errors import ConfigError
from gramophone.ports.language_model import LanguageModel
from gramophone.ports.speech import SpeechService
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.fallback import FallbackModel
from gramophone.providers.llm.local import LocalModel
from gramophone.providers.llm.serialized import SerializedModel
from gramophone.providers.tts.embedded import EmbeddedSpeech, SharedSpeech

LOCAL_TOKENS = 200

LANGUAGE_ADVICE = (
    "take another voice with /voice, or put a Piper voice of that language into {folder} and start "
    "again (docs/voices.md)."
)


class ProviderPool:
    """Makes models and voices, and ends the processes they run in.

    A client of a service costs nothing and is made for each conversation. An engine on this machine
    takes seconds to load and hundreds of megabytes, so one process serves all conversations that
    want the same; its model answers them one after another (`SerializedModel`).
    """

    def __init__(self, lists: ModelLists | None = None) -> None:
        """`lists` know windows of models, and which take pictures; without them no server is asked
        for that."""
        self._lists = lists
        self._models: dict[tuple[str, int], tuple[LocalModel, asyncio.Lock]] = {}
        self._memories = defaultdict[tuple[str, str, str], EndpointMemory](EndpointMemory)
        self._embedded_voices: dict[tuple[Path, str], EmbeddedSpeech] = {}
        self._watchers: list[Callable[[str, str], None]] = []
        self._loading: dict[str, str] = {}

    def watch(self, on_progress: Callable[[str, str], None]) -> Callable[[], None]:
        """Have `on_progress(engine, detail)` called while shared engines load, and at once with
        what is loading now; returns a function that ends it. An empty detail says that it is done.
        """
        self._watchers.append(on_progress)
        for engine, detail in self._loading.items():
            on_progress(engine, detail)
        return lambda: self._watchers.remove(on_progress)

    def model(self, config: Config, progress: Callable[[str], None]) -> LanguageModel:
        """Make the model of the configured provider, with those that are asked when it fails.

        `progress` is told what holds up this conversation alone.

        Raises:
            ConfigError: there is no client for the provider, or not the text that it names.
        """
        first = self._model(config, progress)
        if not config.fallback:
            return first
        others = [partial(self._other, config, name, progress) for name in config.fallback]
        return FallbackModel(first, others)

    def _other(
        self, config: Config, provider: str, progress: Callable[[str], None]
    ) -> LanguageModel:
        return self._model(choose(config, provider=provider), progress)

    def _model(self, config: Config, progress: Callable[[str], None]) -> LanguageModel:
        if is_user_model(config.provider):
            return user_model_of(config.provider)
        if config.provider == LOCAL:
            return SerializedModel(*self._local(config), progress, config.model_settings)
        endpoint = config.endpoints.get(config.provider)
        if endpoint is None:
            # Never the embedded model instead: a question must not be answered by another
            # model than the one that the session's row names.
            raise ConfigError(f"The provider {config.provider!r} has no client; choose another.")
        require_model(config)
        memory = self._memories[endpoint.name, endpoint.base_url, config.model]
        if self._lists is None:
            return client_of(endpoint, config.model, config.model_settings, memory, progress)
        return client_of(
            endpoint,
            config.model,
            config.model_settings,
            memory,
            progress,
            partial(context_window, self._lists, endpoint, config.model),
            partial(picture_support, self._lists, endpoint, config.model),
        )

    def speech(self, config: Config, sample_rate_hz: int = 0) -> SpeechService:
        """Make a client of the service that speaks, else of the voice on this machine.

        Its sound comes at `sample_rate_hz`, that of the session; else at its own rate.

        Raises:
            ConfigError: the service would refuse the configured parameters.
        """
        rate_hz = sample_rate_hz or config.speech_rate_hz
        if not config.embedded_voice:
            return speech_client(config, rate_hz)
        return SharedSpeech(self._embedded(config), checked(speech_parameters(config, rate_hz)))

    def _embedded(self, config: Config) -> EmbeddedSpeech:
        """The engine with the voices of these settings; one that loads or speaks is shared."""
        service = config.voice_service
        folder = Path(service.folder).expanduser() if service.folder else config.home / "voices"
        preferred = "" if service.voice == EMBEDDED.voice else service.voice
        # Both are arguments of the process: another value needs another one.
        key = folder, preferred
        if key not in self._embedded_voices:
            self._embedded_voices[key] = EmbeddedSpeech(
                speech_parameters(config),
                progress=self._progress_of("voice"),
                voices=folder if folder.is_dir() else None,
                first_voice=preferred,
                language_advice=LANGUAGE_ADVICE.format(folder=folder),
            )
        return self._embedded_voices[key]

    async def aclose(self) -> None:
        """End the processes."""
        for model, _ in self._models.values():
            await model.aclose()
        for voice in self._embedded_voices.values():
            await voice.aclose()

    def _local(self, config: Config) -> tuple[LocalModel, asyncio.Lock]:
        max_tokens = config.model_settings.max_tokens or LOCAL_TOKENS
        # Both are arguments of the process: another value needs another one.
        key = config.local_model, max_tokens
        if key not in self._models:
            model = LocalModel(
                model_file=config.local_model,
                max_tokens=max_tokens,
                progress=self._progress_of("model"),
            )
            self._models[key] = model, asyncio.Lock()
        return self._models[key]

    def _progress_of(self, engine: str) -> Callable[[str], None]:
        def on_progress(detail: str) -> None:
            self._loading[engine] = detail
            if not detail:
                del self._loading[engine]
            for watcher in tuple(self._watchers):
                watcher(engine, detail)

        return on_progress
