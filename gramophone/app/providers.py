"""Language models and voices for conversations; what runs on this machine is shared by them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gramophone.app.choices import check_voice
from gramophone.config.config import Config
from gramophone.ports.engine import LanguageModel, SpeechService
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.local import LocalModel
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.serialized import SerializedModel
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.providers.tts.embedded import EmbeddedSpeech, SharedSpeech

LOCAL_TOKENS = 200


class ProviderPool:
    """Makes models and voices, and ends the processes they run in."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, int], tuple[LocalModel, asyncio.Lock]] = {}
        self._voice: EmbeddedSpeech | None = None
        self._watchers: list[Callable[[str, str], None]] = []
        self._under_way: dict[str, str] = {}

    def watch(self, told: Callable[[str, str], None]) -> Callable[[], None]:
        """Be told how shared engines load, and what is under way now; returns what ends it."""
        self._watchers.append(told)
        for what, detail in self._under_way.items():
            told(what, detail)
        return lambda: self._watchers.remove(told)

    def model(self, config: Config, progress: Callable[[str], None]) -> LanguageModel:
        """The model of the provider that was chosen; `progress` is for this one alone."""
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
                return SerializedModel(*self._local(config), progress)

    def speech(self, config: Config) -> SpeechService:
        """Deepgram or whoever speaks as it does, else the voice on this machine.

        Raises:
            ConfigError: the service would refuse what is asked of it.
        """
        asked = check_voice(config)
        if not config.embedded_voice:
            return DeepgramSpeech(config.speak_endpoint, asked, api_key=config.deepgram_key)
        if self._voice is None:
            self._voice = EmbeddedSpeech(asked, progress=self._about("voice"))
        return SharedSpeech(self._voice, asked)

    async def aclose(self) -> None:
        """End the processes."""
        for model, _ in self._models.values():
            await model.aclose()
        if self._voice is not None:
            await self._voice.aclose()

    def _local(self, config: Config) -> tuple[LocalModel, asyncio.Lock]:
        max_tokens = config.max_tokens or LOCAL_TOKENS
        wanted = config.local_model, max_tokens
        if wanted not in self._models:
            model = LocalModel(
                model_file=config.local_model,
                max_tokens=max_tokens,
                progress=self._about("model"),
            )
            self._models[wanted] = model, asyncio.Lock()
        return self._models[wanted]

    def _about(self, what: str) -> Callable[[str], None]:
        def tell(detail: str) -> None:
            self._under_way[what] = detail
            if not detail:
                del self._under_way[what]
            for told in tuple(self._watchers):
                told(what, detail)

        return tell
