"""Endpoints by name: tables of the file, presets, keys, and the sentence for each wrong entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gramophone.config.config import Config
from gramophone.config.endpoints import PRESETS
from gramophone.config.loading import choose, load, require_model
from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import ModelSettings

Load = Callable[..., Config]
MINE = '[endpoints.mine]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'


@pytest.fixture
def settings(tmp_path: Path) -> Load:
    """Loads with a `config.toml` in the home, an environment, and flags."""

    def read(toml: str = "", environment: dict[str, str] | None = None, **flags: object) -> Config:
        (tmp_path / "config.toml").write_text(toml, encoding="utf-8")
        return load({"GRAMOPHONE_HOME": str(tmp_path), **(environment or {})}, **flags)

    return read


class TestTables:
    def test_a_table_is_a_provider(self, settings: Load) -> None:
        config = settings(MINE)
        assert (config.provider, config.model) == ("mine", "m")
        endpoint = config.endpoints["mine"]
        assert (endpoint.base_url, endpoint.protocol) == ("http://127.0.0.1:1/v1", "chat")
        assert (endpoint.title, endpoint.key) == ("The endpoint mine", "")

    def test_openai_and_anthropic_come_before_it(self, settings: Load) -> None:
        config = settings(MINE, {"ANTHROPIC_API_KEY": "k"})
        assert config.provider == "anthropic"
        assert config.usable_providers[:3] == ("anthropic", "mine", "local")

    def test_every_entry(self, settings: Load) -> None:
        config = settings(
            MINE.replace("/v1", "")
            + 'protocol = "messages"\nkey_env = "MY_KEY"\ntimeout_s = 7\ntools = false\n'
            "context_tokens = 4096\npictures = false\n"
            "temperature = 0.2\ntop_p = 1\nseed = 7\nmax_tokens = 9\n"
            'reasoning_effort = "low"\nfallback = ["local"]\n'
            'headers = { X-Team = "red", Api-Key = "$MY_HEADER" }\n'
            "extra_body = { num_ctx = 8192 }\n",
            {"MY_KEY": "0123456789abcdef", "MY_HEADER": "fedcba9876543210"},
        )
        endpoint = config.endpoints["mine"]
        assert (endpoint.protocol, endpoint.timeout_s, endpoint.tools) == ("messages", 7, False)
        assert (endpoint.context_tokens, endpoint.fallback) == (4096, ("local",))
        assert endpoint.pictures is False
        assert settings(MINE).endpoints["mine"].pictures is None
        assert endpoint.headers == {"X-Team": "red", "Api-Key": "fedcba9876543210"}
        assert endpoint.extra_body == {"num_ctx": 8192}
        assert config.model_settings == ModelSettings(
            temperature=0.2, top_p=1, seed=7, max_tokens=9, reasoning_effort="low"
        )
        assert config.fallback == ("local",)
        assert config.secrets == ("0123456789abcdef", "fedcba9876543210"), "not the team"

    def test_a_table_changes_what_is_known(self, settings: Load) -> None:
        config = settings(
            '[endpoints.groq]\nmodel = "x"\n[endpoints.openai]\ntemperature = 0\n'
            "[endpoints.local]\nmax_tokens = 9\n",
            {"GROQ_API_KEY": "g", "OPENAI_API_KEY": "o"},
        )
        groq = choose(config, provider="groq")
        assert (groq.model, groq.endpoints["groq"].key) == ("x", "g")
        assert groq.endpoints["groq"].base_url == PRESETS["groq"].base_url
        assert choose(config, provider="openai").model_settings == ModelSettings(temperature=0)
        assert choose(config, provider="local").model_settings == ModelSettings(max_tokens=9)

    def test_the_old_settings_are_the_same_endpoints(self, settings: Load) -> None:
        config = settings(
            '[model]\nopenai_base_url = "http://127.0.0.1:2/v1"\nmax_tokens = 5\n',
            {"OPENAI_API_KEY": "o"},
        )
        endpoint = config.endpoints["openai"]
        assert (endpoint.base_url, endpoint.key) == ("http://127.0.0.1:2/v1", "o")
        assert endpoint.title == "The endpoint openai", "it is not OpenAI"
        assert config.model_settings == ModelSettings(max_tokens=5)
        assert settings("", {"OPENAI_API_KEY": "o"}).endpoints["openai"].title == "OpenAI"


class TestKeys:
    def test_each_has_a_variable_of_its_own(self, settings: Load) -> None:
        environment = {"OPENAI_API_KEY": "o", "GRAMOPHONE_MY_BOX_KEY": "b"}
        config = settings(MINE.replace("mine", "my-box"), environment)
        assert config.endpoints["my-box"].key == "b"
        assert config.endpoints["ollama"].key == ""
        assert set(config.secrets) == {"o", "b"}
        assert "b" not in repr(config).split("Endpoint")

    def test_a_named_one_is_needed(self, settings: Load) -> None:
        with pytest.raises(ConfigError, match=r"The provider mine needs MY_KEY\."):
            settings(MINE + 'key_env = "MY_KEY"\n', provider="mine")
        with pytest.raises(ConfigError, match=r"The provider groq needs GROQ_API_KEY\."):
            settings(provider="groq", model="m")

    def test_a_preset_is_never_the_default(self, settings: Load) -> None:
        config = settings(environment={"GROQ_API_KEY": "g"})
        assert config.provider == "local"
        assert "groq" in config.usable_providers
        assert config.secrets == ("g",)


class TestPresets:
    @pytest.mark.parametrize("name", sorted(PRESETS))
    def test_each_needs_one_word_and_a_model(self, settings: Load, name: str) -> None:
        preset = PRESETS[name]
        config = settings(
            environment={preset.key_variable: "k"}, provider=name, model=preset.model or "m"
        )
        assert config.endpoints[name].base_url.startswith(("http://127.0.0.1:", "https://"))

    def test_without_a_usual_model_one_must_be_named(self, settings: Load) -> None:
        config = settings(MINE.replace('model = "m"\n', ""))
        assert (config.provider, config.model) == ("mine", ""), "most commands ask no model"
        sentence = "ollama has no usual model; name one with --model"
        with pytest.raises(ConfigError, match=sentence):
            choose(config, provider="ollama")
        with pytest.raises(ConfigError, match=sentence):
            require_model(settings(provider="ollama"))


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[endpoints]\nmine = "http://x"', r"\[endpoints\] mine is outside a table"),
        ('[endpoints.Mine]\nbase_url = "http://x"', r"for example \[endpoints\.mine\]"),
        ('[endpoints."a b"]\nbase_url = "http://x"', r"for example \[endpoints\.a-b\]"),
        ('[endpoints.none]\nbase_url = "http://x"', "the name has a meaning"),
        (MINE + "[endpoints.mine]\n", "cannot be read"),
        ("[endpoints.mine]\n", 'has no base_url; write .* "http://127.0.0.1:8080/v1"'),
        (MINE + "url = 1", "has no setting 'url'; it must be one of base_url, "),
        (MINE + 'api_key = "k"', 'keys do not belong into the file.* key_env = "NAME"'),
        (MINE + "key_env = 3", "key_env is of the wrong type; it must be a text in quotes"),
        (MINE + "temperature = true", "temperature is of the wrong type; it must be a number"),
        (MINE + "temperature = 3", r"\[endpoints\.mine\] temperature is 3; .* from 0 to 2"),
        (MINE + "max_tokens = 0", "max_tokens is 0; it must be a whole number from 1"),
        (MINE + 'reasoning_effort = "a b"', "it must be one word"),
        (MINE + 'protocol = "grpc"', "protocol is 'grpc'; it must be chat"),
        (MINE + "timeout_s = 0", "timeout_s is 0; it must be more than 0"),
        (MINE + "context_tokens = 5", "context_tokens is 5; it must be at least 256"),
        (MINE + 'fallback = ["nobody"]', "fallback names 'nobody'; it must be another endpoint"),
        (MINE + 'fallback = ["mine"]', "fallback names 'mine'; it must be another endpoint"),
        (MINE + 'headers = { "a b" = "c" }', "'a b' cannot be the name of a header"),
        (MINE + 'headers = { a = "b\\nc" }', "the value of a cannot be sent"),
        (MINE + 'headers = { a = "é" }', "the value of a cannot be sent"),
        (MINE + "headers = { a = 1 }", "the value of a cannot be sent"),
        (MINE + 'headers = { Host = "c" }', "Host belongs to the connection"),
        (MINE + 'headers = { a = "$NOT_THERE" }', r"'\$NOT_THERE' of 'a' is not set"),
        ('[endpoints.local]\nbase_url = "http://x"', "is the embedded model, which has no 'base"),
    ],
)
def test_a_wrong_table_is_refused(settings: Load, toml: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        settings(toml)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "protocol", "sentence"),
    [
        ("127.0.0.1:8080/v1", "chat", "write it as http://127.0.0.1:8080/v1."),
        ("localhost:8080", "chat", "write it as http://localhost:8080."),
        ("api.acme.com/v1", "chat", "write it as https://api.acme.com/v1."),
        ("ftp://acme.com", "chat", "write it as https://acme.com."),
        ("user:pw@acme.com", "chat", "write it as https://acme.com."),
        ("http://x/v1/chat/completions", "chat", "ends in /chat/completions"),
        ("http://x/v1/chat/completions/", "chat", "for each request; write http://x/v1."),
        ("http://x/v1/responses", "responses", "write http://x/v1."),
        ("http://x/v1/messages", "messages", "write http://x."),
        (
            "http://x/v1",
            "messages",
            "ends in /v1, which is added for each request; write http://x.",
        ),
        ("https://u:pw@acme.com/v1", "chat", "write https://acme.com/v1, and put the key"),
        ("http://x/v1?key=s", "chat", "behind which no path can be added; write http://x/v1."),
        ("http://x/v1#s", "chat", "behind which no path can be added; write http://x/v1."),
        ("http://", "chat", "not a valid address"),
        ("http://x:port/v1", "chat", "not a valid address"),
        ("http://[x/v1", "chat", "not a valid address"),
        ("http://x/a b", "chat", "not a valid address"),
    ],
)
def test_a_wrong_address_is_refused_with_the_right_one(
    settings: Load, base_url: str, protocol: str, sentence: str
) -> None:
    toml = f'[endpoints.mine]\nbase_url = "{base_url}"\nprotocol = "{protocol}"\nmodel = "m"\n'
    with pytest.raises(ConfigError) as caught:
        settings(toml)
    assert sentence in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"])
def test_an_address_of_the_environment_is_checked_where_it_is_used(
    settings: Load, variable: str
) -> None:
    environment = {variable: "http://x/v1/models"}
    with pytest.raises(ConfigError, match=f"{variable} ends in /models"):
        settings("", environment)
    assert settings("", environment, provider="local").provider == "local"
