"""Settings of requests: as people write them, and which lie over which."""

from __future__ import annotations

import pytest

from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import SETTING_NAMES, ModelSettings, parse_settings


def test_as_they_are_written() -> None:
    settings = parse_settings(["temperature=0.2", "SEED = 7", "reasoning_effort=low", "seed=8"])
    assert settings == ModelSettings(temperature=0.2, seed=8, reasoning_effort="low")
    assert str(settings) == "temperature=0.2 reasoning_effort=low seed=8"
    assert parse_settings(str(settings).split()) == settings
    assert str(ModelSettings()) == ""


def test_an_empty_text_takes_one_back() -> None:
    settings = ModelSettings(temperature=0.0, seed=7)
    assert settings.with_text("temperature", " ") == ModelSettings(seed=7)


def test_what_is_set_lies_over_what_is_below() -> None:
    above, below = ModelSettings(temperature=0.0), ModelSettings(temperature=1.0, max_tokens=5)
    assert above.over(below) == ModelSettings(temperature=0.0, max_tokens=5)
    assert ModelSettings().over(below) == below


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("temperature", "write it as NAME=VALUE"),
        ("heat=1", f"must be one of {', '.join(SETTING_NAMES)}"),
        ("temperature=2.1", "temperature is 2.1; it must be a number from 0 to 2"),
        ("temperature=nan", "it must be a number from 0 to 2"),
        ("temperature=hot", "temperature is 'hot'; it must be a number from 0 to 2"),
        ("temperature=" + "9" * 5000, "it must be a number from 0 to 2"),
        ("top_p=-1", "it must be a number from 0 to 1"),
        ("max_tokens=1.5", "it must be a whole number from 1"),
        ("seed=x", "it must be a whole number"),
        ("reasoning_effort=a\nb", "it must be one word"),
        ("reasoning_effort=" + "a" * 21, "it must be one word"),
    ],
    ids=range(11),
)
def test_what_cannot_be_had_is_refused_in_a_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings([assignment])
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 250
