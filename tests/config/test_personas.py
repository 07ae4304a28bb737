"""Personas: what they set, what wins over them, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.app.choices import available_options
from gramophone.config.config import Config
from gramophone.config.file_writer import write_setting
from gramophone.config.loading import load
from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import ModelSettings

KEYS = {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2", "DEEPGRAM_API_KEY": "dg-1"}

TEACHER = """
[model]
provider = "openai"
name = "gpt-5"
system_prompt = "Be brief."

[personas.teacher]
provider = "anthropic"
model = "claude-opus-4-5"
voice = "aura-2-zeus-en"
system_prompt = "You teach."
speed = 1.2
language = "de"
temperature = 0.1
seed = 7

[personas.quick]
model = "gpt-5-nano"

[personas.other]
provider = "anthropic"
"""


def loaded(tmp_path: Path, text: str = TEACHER, **flags: object) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load({"GRAMOPHONE_HOME": str(tmp_path), **KEYS}, file, **flags)


def test_it_sets_model_voice_system_prompt_and_settings(tmp_path: Path) -> None:
    config = loaded(tmp_path, persona="teacher")
    assert (config.provider, config.model) == ("anthropic", "claude-opus-4-5")
    assert (config.voice, config.speed, config.lang) == ("aura-2-zeus-en", 1.2, "de")
    assert config.system_prompt == "You teach."
    assert config.model_settings == ModelSettings(temperature=0.1, seed=7)


def test_what_it_leaves_open_stays_as_it_is(tmp_path: Path) -> None:
    config = loaded(tmp_path, persona="quick")
    assert (config.provider, config.model) == ("openai", "gpt-5-nano")
    assert config.system_prompt == "Be brief."


def test_the_model_of_another_provider_does_not_go_along(tmp_path: Path) -> None:
    assert loaded(tmp_path, persona="other").model == "claude-haiku-4-5"
    named = loaded(tmp_path, persona="teacher", provider="openai")
    assert (named.provider, named.model) == ("openai", "gpt-5")


def test_a_flag_wins_over_it(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        persona="teacher",
        model="claude-sonnet-4-5",
        system_prompt="Sing.",
        settings=ModelSettings(temperature=0.9),
    )
    assert (config.model, config.system_prompt) == ("claude-sonnet-4-5", "Sing.")
    assert config.model_settings == ModelSettings(temperature=0.9, seed=7)


def test_one_can_be_the_usual_one(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEACHER.replace("[model]", '[model]\npersona = "teacher"'))
    assert (config.persona, config.model) == ("teacher", "claude-opus-4-5")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no persona 'nobody'; none is set up"),
        (TEACHER, "There is no persona 'nobody'; it must be one of teacher, quick, other"),
        ("[personas.nobody]\nmood = 'good'", "has no setting 'mood'"),
        ("[personas.nobody]\nmodel = 4", r"\[personas.nobody\] model is of the wrong type"),
        ("[personas.nobody]\ntemperature = 9", r"\[personas.nobody\] temperature is 9"),
        ("[personas.nobody]\nspeed = 9", "speed"),
        ("[personas.nobody]\napi_key = 'a'", "keys do not belong into the file"),
        ("[personas.Nobody]\nmodel = 'a'", "is not a name"),
        ("[personas]\nmodel = 'a'", "is outside a table of its own"),
        ("[personas.nobody]\nprovider = 'nothing'", "The provider is 'nothing'"),
    ],
    ids=["none", "others", "entry", "type", "setting", "speed", "key", "name", "flat", "provider"],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        loaded(tmp_path, text, persona="nobody")


def test_a_setting_that_is_written_leaves_them_alone(tmp_path: Path) -> None:
    loaded(tmp_path)
    file = tmp_path / "config.toml"
    write_setting(file, "theme", "nord", {"GRAMOPHONE_HOME": str(tmp_path), **KEYS})
    assert file.read_text().startswith(TEACHER)


def test_the_screen_has_them_as_options_of_a_conversation(tmp_path: Path) -> None:
    personas = available_options(loaded(tmp_path)).personas
    assert list(personas) == ["teacher", "quick", "other"]
    assert personas["teacher"].voice == "aura-2-zeus-en"
    assert personas["teacher"].settings == ModelSettings(temperature=0.1, seed=7)
