"""Names of models that are the user's own text or code."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.config.loading import choose, load
from gramophone.config.user_models import ObjectPath, UserModel, is_user_model, user_model
from gramophone.core.errors import ConfigError


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("text:notes.txt", UserModel("text", "notes.txt")),
        ("text:-", UserModel("text", "-")),
        ("text:a.b:c.d", UserModel("text", "a.b:c.d", ObjectPath("a.b", "c.d"))),
        ("text:/tmp/a:b", UserModel("text", "/tmp/a:b")),
        ("text:a:b c", UserModel("text", "a:b c")),
        ("langchain:a:b", UserModel("langchain", "a:b", ObjectPath("a", "b"))),
        (
            "langchain:a:b#My run",
            UserModel("langchain", "a:b#My run", ObjectPath("a", "b"), "My run"),
        ),
    ],
)
def test_a_name_is_read(provider: str, model: UserModel) -> None:
    assert is_user_model(provider)
    assert user_model(provider) == model


@pytest.mark.parametrize("provider", ["openai", "text", "langchain", "", "http://a:b"])
def test_other_providers_are_none_of_them(provider: str) -> None:
    assert not is_user_model(provider)


@pytest.mark.parametrize(
    "provider",
    [
        "text:",
        "text: ",
        "langchain:",
        "langchain:a",
        "langchain:a:",
        "langchain:a:b#",
        "langchain:a:b!",
    ],
)
def test_what_names_nothing_is_refused(provider: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"write (text|langchain):"):
        load({"GRAMOPHONE_HOME": str(tmp_path)}, provider=provider)


def test_its_source_is_the_model_whatever_is_configured(tmp_path: Path) -> None:
    config = load({"GRAMOPHONE_HOME": str(tmp_path)}, provider="text:notes.txt", model="gpt-5")
    assert (config.provider, config.model) == ("text:notes.txt", "notes.txt")
    assert choose(config, provider="local").model != "notes.txt"
    assert choose(config, provider="text:-").model == "-"
