from __future__ import annotations

import pytest

from gramophone.conversation.messages import SettingsWanted
from gramophone.conversation.settings import ConversationSettings


@pytest.mark.parametrize(
    ("voice", "lang"),
    [
        ("aura-2-thalia-en", "en"),
        ("aura-2-viktoria-de", "de"),
        ("de_DE-thorsten-medium", "de"),
        ("piper", ""),
        ("", ""),
        ("some-voice", ""),
    ],
)
def test_the_name_of_a_voice_tells_its_language(voice: str, lang: str) -> None:
    settings = ConversationSettings(
        session_id="s", provider="none", model="", voice=voice, sample_rate_hz=24_000
    )
    assert settings.voice_language == lang


def test_the_language_may_change_between_two_turns() -> None:
    settings = ConversationSettings(
        session_id="s", provider="none", model="", voice="piper", sample_rate_hz=24_000
    )
    assert settings.lang == "auto"
    changed = settings.changed(SettingsWanted(1, "none", "", "piper", "", 1.0, "de"))
    assert changed.lang == changed.as_event(0).lang == "de"
