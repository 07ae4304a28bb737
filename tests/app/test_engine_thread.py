"""The engine thread with real sockets: several talks at once, each kept as a session of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.core.errors import ConfigError
from gramophone.core.intents import Mute, Regenerate, RepeatTurn, Submit
from gramophone.core.model_settings import ModelSettings
from gramophone.core.timeline import (
    DeviceChanged,
    Failed,
    RequestSent,
    SessionStarted,
    SettingsChanged,
    TurnInherited,
)
from gramophone.ports.backend import ConversationOptions
from gramophone.ports.language_model import Message
from tests.support.engine_threads import Watched, backend, stored_sessions


def test_two_talks_at_once_are_two_sessions(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Records turn.") as running:
        one = Watched(running.open_conversation())
        two = Watched(running.open_conversation(ConversationOptions(model="other"), focused=False))
        one.talk.post(Submit("First?"))
        two.talk.post(Submit("Second?"))
        assert one.answer(1).text.strip() == two.answer(1).text.strip() == "Records turn."
        assert two.all_of(RequestSent)[0].model == "other"
        assert "another pane" in two.all_of(DeviceChanged)[0].detail
    sessions = asyncio.run(stored_sessions(tmp_path))
    assert set(sessions) == {"First?", "Second?"}
    assert sessions["Second?"].summary.model == "other"
    for session in sessions.values():
        audio = session.turns[1].audio
        assert audio is not None
        assert audio.samples > 0


def test_what_is_inherited_goes_with_the_next_request(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Blue.", "Red.") as running:
        past = (Message("user", "A colour?"), Message("assistant", "Green."))
        talk = Watched(running.open_conversation(inherited=past))
        talk.talk.post(Submit("Another?"))
        assert talk.answer(3).text.strip() == "Blue."
        talk.talk.post(Regenerate())
        assert talk.answer(4).text.strip() == "Red."
        assert [inherited.text for inherited in talk.all_of(TurnInherited)] == [
            "A colour?",
            "Green.",
        ]
        assert [request.messages for request in talk.all_of(RequestSent)] == [3, 3]
    (session,) = asyncio.run(stored_sessions(tmp_path)).values()
    assert [turn.text.strip() for turn in session.turns if turn.counts] == [
        "A colour?",
        "Green.",
        "Another?",
        "Red.",
    ]


def test_a_talk_without_a_word_is_not_kept(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "x") as running:
        talk = Watched(running.open_conversation(inherited=(Message("user", "Hm?"),)))
        talk.until(lambda entry: isinstance(entry, TurnInherited))
        talk.talk.post(Mute(True))
        talk.talk.close()
    assert asyncio.run(stored_sessions(tmp_path)) == {}


def test_a_choice_holds_from_the_next_turn_on(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Yes.") as running:
        talk = Watched(running.open_conversation())
        talk.talk.configure(
            ConversationOptions(
                model="newer",
                voice="aura-2-luna-en",
                system_prompt="Hm.",
                settings=ModelSettings(temperature=0.2),
            )
        )
        changed = talk.until(lambda entry: isinstance(entry, SettingsChanged))
        assert (changed.model, changed.voice) == ("newer", "aura-2-luna-en")
        assert changed.settings == "temperature=0.2"
        talk.talk.post(Submit("Well?"))
        talk.answer(1)
        talk.talk.post(RepeatTurn(1))
        assert talk.answer(2).finish_reason == "repeated"
    (session,) = asyncio.run(stored_sessions(tmp_path)).values()
    assert session.summary.model == "newer"


def test_changed_settings_hold_from_the_next_turn_but_for_what_was_chosen(
    tmp_path: Path, speak_url: str
) -> None:
    with backend(tmp_path, speak_url, "Yes.", "No.") as running:
        usual = Watched(running.open_conversation())
        chosen = Watched(running.open_conversation(ConversationOptions(model="chosen")))
        for talk in (usual, chosen):
            talk.until(lambda entry: isinstance(entry, SessionStarted))
        running.adopt(replace(running.config, model="newer", system_prompt="Be brief."))
        models = [
            talk.until(lambda entry: isinstance(entry, SettingsChanged)) for talk in (usual, chosen)
        ]
        assert [changed.model for changed in models] == ["newer", "chosen"]
        assert {changed.system_prompt for changed in models} == {"Be brief."}
        assert running.setup.model == "newer"
        usual.talk.post(Submit("Well?"))
        usual.answer(1)
        assert usual.all_of(RequestSent)[0].model == "newer"


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (ConversationOptions(provider="nobody"), "must be one of"),
        (ConversationOptions(provider="anthropic"), "ANTHROPIC_API_KEY"),
        (ConversationOptions(voice="no such voice"), "voice settings are wrong"),
        (ConversationOptions(speed=9.0), "between 0.7 and 1.5"),
        (ConversationOptions(provider="local", model="/no/such.gguf"), "no model"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_and_changes_nothing(
    tmp_path: Path, speak_url: str, choice: ConversationOptions, sentence: str
) -> None:
    with backend(tmp_path, speak_url, "Yes.") as running:
        talk = Watched(running.open_conversation())
        with pytest.raises(ConfigError, match=sentence):
            talk.talk.configure(choice)
        talk.talk.post(Submit("Well?"))
        assert talk.answer(1).text.strip() == "Yes."
        assert talk.all_of(RequestSent)[0].model == "told"


def test_a_talk_may_be_opened_with_a_choice_that_cannot_be(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Yes.") as running:
        talk = Watched(running.open_conversation(ConversationOptions(provider="anthropic")))
        assert talk.until(lambda entry: isinstance(entry, Failed)).stage == "session"
        started = talk.until(lambda entry: isinstance(entry, SessionStarted))
        assert started.provider == "openai"


def test_a_talk_that_is_closed_leaves_the_others(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Yes.") as running:
        one, two = Watched(running.open_conversation()), Watched(running.open_conversation())
        one.talk.post(Submit("One?"))
        one.answer(1)
        one.talk.close()
        two.talk.post(Submit("Two?"))
        assert two.answer(1).text.strip() == "Yes."


def test_what_can_be_chosen_has_what_is_configured(tmp_path: Path, speak_url: str) -> None:
    with backend(tmp_path, speak_url, "Yes.") as running:
        choices = running.choices()
    # Presets that need no key stand behind these.
    assert choices.providers[:2] == ("openai", "local")
    assert choices.models["openai"][0] == "told"
    assert "aura-2-thalia-en" in choices.voices
