"""What a conversation goes by after a command."""

from __future__ import annotations

import pytest

from gramophone.core.model_settings import ModelSettings
from gramophone.ports.backend import AvailableOptions, ConversationInfo, ConversationOptions
from tui.conversation.slash.commands import Refused
from tui.conversation.slash.settings_commands import (
    CHOOSING,
    changed_options,
    changed_words,
    model_names,
    present_words,
)

CHOICES = AvailableOptions(
    ("openai", "local"),
    {
        "openai": ("gpt-5-mini", "gpt-5-nano", "gpt-5"),
        "anthropic": ("claude-haiku-4-5",),
        "local": ("smollm2",),
    },
    ("aura-2-thalia-en", "aura-2-luna-en"),
)
BEFORE = ConversationOptions(voice="aura-2-thalia-en", speed=1.1)


def choice(name: str, argument: str, provider: str = "openai") -> ConversationOptions | Refused:
    return changed_options(name, argument, BEFORE, CHOICES, provider)


@pytest.mark.parametrize(
    ("argument", "provider", "model"),
    [
        ("gpt-5", "openai", "gpt-5"),
        ("GPT-5", "openai", "gpt-5"),
        ("nano", "openai", "gpt-5-nano"),
        ("smollm2", "local", "smollm2"),
        ("local/smollm2", "local", "smollm2"),
        ("anthropic/haiku", "anthropic", "claude-haiku-4-5"),
        ("of-next-year", "openai", "of-next-year"),
        ("meta/llama", "openai", "meta/llama"),
        ("/models/own.gguf", "openai", "/models/own.gguf"),
    ],
)
def test_a_model_is_found_by_its_name(argument: str, provider: str, model: str) -> None:
    assert choice("model", argument) == ConversationOptions(
        provider=provider, model=model, voice="aura-2-thalia-en", speed=1.1
    )


def test_a_part_that_several_have_is_refused() -> None:
    assert choice("model", "gpt") == Refused(
        "Several models have 'gpt' in their name: gpt-5-mini, gpt-5-nano, gpt-5."
    )


def test_so_is_a_part_that_several_have_elsewhere() -> None:
    assert isinstance(choice("model", "gpt", provider="local"), Refused)


def test_another_provider_has_models_of_its_own() -> None:
    before = ConversationOptions(provider="openai", model="gpt-5")
    assert changed_options("provider", "Local", before, CHOICES, "openai") == ConversationOptions(
        provider="local"
    )


def test_a_voice_is_found_by_a_part_of_its_name() -> None:
    assert choice("voice", "luna") == ConversationOptions(voice="aura-2-luna-en", speed=1.1)
    assert isinstance(choice("voice", "aura"), Refused)
    assert choice("voice", "new") == ConversationOptions(voice="new", speed=1.1)


@pytest.mark.parametrize(("typed", "speed"), [("1.2", 1.2), ("1,2", 1.2), ("0.9x", 0.9)])
def test_a_speed_is_read(typed: str, speed: float) -> None:
    assert choice("speed", typed) == ConversationOptions(voice="aura-2-thalia-en", speed=speed)


@pytest.mark.parametrize(
    ("typed", "lang"), [("German", "de"), ("pt-BR", "pt-BR"), ("auto", "auto"), ("-", "")]
)
def test_a_language_is_named_or_found(typed: str, lang: str) -> None:
    options = choice("language", typed)
    assert isinstance(options, ConversationOptions)
    assert options.lang == lang
    assert changed_words("language", options).startswith("The language is ")


def test_what_is_no_language_is_refused() -> None:
    words = "/language takes auto, a name such as German, or a code such as de."
    assert choice("language", "Klingon?") == Refused(words)


@pytest.mark.parametrize("typed", ["fast", "", "nan", "inf", "x"])
def test_what_is_no_number_is_no_speed(typed: str) -> None:
    assert choice("speed", typed) == Refused("/speed takes a number such as 1.2.")


def test_a_prompt_for_the_system_is_taken_as_it_is() -> None:
    assert choice("system", "Rhyme.\nAlways.") == ConversationOptions(
        voice="aura-2-thalia-en", speed=1.1, system_prompt="Rhyme.\nAlways."
    )


@pytest.mark.parametrize("typed", ["temperature 0.2", "Temperature=0.2", "temperature  0.2 "])
def test_a_setting_is_set(typed: str) -> None:
    after = choice("set", typed)
    assert isinstance(after, ConversationOptions)
    assert after.settings == ModelSettings(temperature=0.2)
    assert changed_words("set", after) == (
        "The settings are temperature=0.2 from the next answer on."
    )
    assert changed_options("set", "temperature -", after, CHOICES, "local") == BEFORE


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("temperature", "/set takes a name and a value, for example /set temperature 0.2."),
        ("temperature 9", "temperature is 9.0; it must be a number from 0 to 2."),
    ],
)
def test_a_wrong_setting_is_refused(typed: str, sentence: str) -> None:
    assert choice("set", typed) == Refused(sentence)


@pytest.mark.parametrize("name", CHOOSING)
def test_a_choice_is_taken_back_and_told(name: str) -> None:
    before = ConversationOptions(
        provider="local",
        model="smollm2",
        voice="luna",
        system_prompt="Rhyme.",
        speed=1.2,
        lang="de",
        settings=ModelSettings(temperature=0.2),
    )
    after = changed_options(name, "-", before, CHOICES, "local")
    assert isinstance(after, ConversationOptions)
    assert after != before
    assert changed_words(name, after).endswith("from the next answer on.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model", "The model is openai/gpt-5."),
        ("provider", "The model is openai/gpt-5."),
        ("voice", "The voice is luna."),
        ("system", "The system prompt: Be brief."),
        ("speed", "The speed is 1.1×."),
        ("set", "The settings are as configured. Write a name and a value after /set (temp"),
    ],
)
def test_what_holds_now_is_told(name: str, words: str) -> None:
    sentence = present_words(name, BEFORE, ConversationInfo("openai", "gpt-5", "luna"), "Be brief.")
    assert sentence.startswith(words)


def test_models_elsewhere_are_offered_with_their_provider() -> None:
    assert model_names(CHOICES, "local") == (
        "smollm2",
        "openai/gpt-5-mini",
        "openai/gpt-5-nano",
        "openai/gpt-5",
    )
