"""What a session goes by, and how that changes between two turns; pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from gramophone.conversation.messages import SettingsWanted
from gramophone.core.frozen import frozen
from gramophone.core.timeline import SettingsChanged

Memory: TypeAlias = Literal["heard", "read"]
"""How much of an answer that was stopped the model remembers: up to where the sound was stopped,
or all text that came."""

_VOICE_LANGUAGE: Final = re.compile(r"\A([a-z]{2})_[A-Z]{2}-|-([a-z]{2})\Z")
"""In names such as `de_DE-thorsten-medium` and `aura-2-thalia-en`."""


@frozen(kw_only=True)
class ConversationSettings:
    """`spoken` is False where there is no voice at all; `heard` is False where sound is made and
    recorded but never played. `muted` and `elsewhere` (another pane has the sound) are how it
    begins. `lang` is a code, or "auto": then each answer's own language is found, and the voice's
    is taken where the answer tells of none. `memory` says what the model remembers of a stopped
    answer. Provider, model, voice, system prompt and speed may change between two turns."""

    session_id: str
    provider: str
    model: str
    voice: str
    sample_rate_hz: int
    encoding: str = "linear16"
    system_prompt: str = ""
    speed: float = 1.0
    lang: str = "auto"
    spoken: bool = True
    heard: bool = True
    muted: bool = False
    elsewhere: bool = False
    bytes_per_sample: int = 2
    memory: Memory = "heard"

    def remembered(self, text: str, heard: int | None) -> int | None:
        """How many characters of `text` count for the history if `heard` of them were heard; None
        for all."""
        if self.memory == "read" or heard is None or heard >= len(text):
            return None
        return heard

    @property
    def voice_language(self) -> str:
        """The code of the language that the voice's name tells of, "" where it tells of none."""
        found = _VOICE_LANGUAGE.search(self.voice)
        return found[1] or found[2] if found else ""

    def changed(self, wanted: SettingsWanted) -> ConversationSettings:
        """The settings with what is wanted."""
        return replace(
            self,
            provider=wanted.provider,
            model=wanted.model,
            voice=wanted.voice,
            system_prompt=wanted.system_prompt,
            speed=wanted.speed,
            lang=wanted.lang,
        )

    def told(self, now_us: int) -> SettingsChanged:
        """That these are the settings from now on."""
        return SettingsChanged(
            at_us=now_us,
            provider=self.provider,
            model=self.model,
            voice=self.voice,
            system_prompt=self.system_prompt,
            speed=self.speed,
            lang=self.lang,
        )
