"""Settings of a conversation, and how they change between two turns."""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias

from gramophone.conversation.messages import SettingsWanted
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings
from gramophone.core.timeline import RequestSent, SessionResumed, SessionStarted, SettingsChanged

Memory: TypeAlias = Literal["heard", "read"]
"""Part of a stopped answer that the model remembers: up to where the sound was stopped, or all
text that came."""

_VOICE_LANGUAGE: Final = re.compile(r"\A([a-z]{2})_[A-Z]{2}-|-([a-z]{2})\Z")
"""In names such as `de_DE-thorsten-medium` and `aura-2-thalia-en`."""


@frozen(kw_only=True)
class ConversationSettings:
    """Settings of one session.

    `has_voice` is False where there is no voice at all; `audible` is False where sound is made and
    recorded but never played. `muted` and `elsewhere` (another pane has the sound) are how it
    begins. `lang` is a code, or "auto": then each answer's own language is found, and the voice's
    is taken where the answer tells of none. `memory` says what the model remembers of a stopped
    answer, `model_settings` go with each request. Provider, model, voice, system prompt, speed and
    `model_settings` may change between two turns."""

    session_id: str
    provider: str
    model: str
    voice: str
    sample_rate_hz: int
    encoding: str = "linear16"
    system_prompt: str = ""
    speed: float = 1.0
    lang: str = "auto"
    has_voice: bool = True
    audible: bool = True
    muted: bool = False
    elsewhere: bool = False
    bytes_per_sample: int = 2
    memory: Memory = "heard"
    model_settings: ModelSettings = field(default_factory=ModelSettings)

    def remembered(self, text: str, heard_chars: int | None) -> int | None:
        """Count the characters of `text` that the history holds if so many were heard; None for
        all."""
        if self.memory == "read" or heard_chars is None or heard_chars >= len(text):
            return None
        return heard_chars

    @property
    def voice_language(self) -> str:
        """Language code in the voice's name, "" where there is none."""
        match = _VOICE_LANGUAGE.search(self.voice)
        return match[1] or match[2] if match else ""

    def changed(self, settings: SettingsWanted) -> ConversationSettings:
        """The settings with what is wanted."""
        return replace(
            self,
            provider=settings.provider,
            model=settings.model,
            voice=settings.voice,
            system_prompt=settings.system_prompt,
            speed=settings.speed,
            lang=settings.lang,
            model_settings=settings.model_settings,
        )

    def started(self, now_us: int) -> SessionStarted:
        """Event of a session that starts with these settings."""
        return SessionStarted(
            at_us=now_us,
            session_id=self.session_id,
            provider=self.provider,
            model=self.model,
            voice=self.voice,
            encoding=self.encoding,
            sample_rate_hz=self.sample_rate_hz,
            system_prompt=self.system_prompt,
        )

    def resumed(self, resumed_at: str, now_us: int) -> SessionResumed:
        """Event of a stored session that goes on with these settings."""
        return SessionResumed(
            at_us=now_us,
            session_id=self.session_id,
            encoding=self.encoding,
            sample_rate_hz=self.sample_rate_hz,
            resumed_at=resumed_at,
        )

    def request_sent(self, turn: int, messages: int, now_us: int) -> RequestSent:
        """Event of the model being asked with so many messages of history."""
        return RequestSent(
            at_us=now_us,
            turn=turn,
            provider=self.provider,
            model=self.model,
            messages=messages,
        )

    def as_event(self, now_us: int) -> SettingsChanged:
        """Event of these settings being used from now on."""
        return SettingsChanged(
            at_us=now_us,
            provider=self.provider,
            model=self.model,
            voice=self.voice,
            system_prompt=self.system_prompt,
            speed=self.speed,
            lang=self.lang,
            settings=str(self.model_settings),
        )
