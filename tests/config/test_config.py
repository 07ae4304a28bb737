"""Settings: where they come from, which wins, and what is said of a wrong one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gramophone.config.config import DEFAULT_VOICE, Config
from gramophone.config.loading import choose, load
from gramophone.config.services import (
    ADDRESSED_SERVICES,
    DEFAULT_MODELS,
    KEYED_SERVICES,
    ServiceEntry,
)
from gramophone.core.errors import ConfigError
from gramophone.providers.llm.llama_server import PACKAGED_NAME

KEY = "0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and no settings of the person who runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "home"


@pytest.fixture
def settings(home: Path) -> Callable[..., Config]:
    """Loads with a `config.toml` in the home, an environment, and flags."""

    def read(toml: str = "", environment: dict[str, str] | None = None, **flags: Any) -> Config:
        home.mkdir(exist_ok=True)
        (home / "config.toml").write_text(toml, encoding="utf-8")
        return load({"GRAMOPHONE_HOME": str(home), **(environment or {})}, **flags)

    return read


class TestWhereSettingsComeFrom:
    def test_without_any_it_is_the_local_model_and_the_embedded_voice(self, home: Path) -> None:
        config = load({"GRAMOPHONE_HOME": str(home)})
        assert (config.provider, config.model, config.voice) == (
            "local",
            "smollm2-135m-instruct",
            DEFAULT_VOICE,
        )
        assert config.embedded_voice
        assert config.home == home
        assert config.secrets == ()

    def test_without_a_home_it_is_the_platforms(self, home: Path) -> None:
        config = load({})
        assert config.home.name == "gramophone"
        assert config.config_file.name == "config.toml"

    def test_the_file_sets_what_it_names(self, settings: Callable[..., Config]) -> None:
        config = settings(
            '[model]\nprovider = "openai"\nname = "m"\nmax_tokens = 5\n'
            'openai_base_url = "http://127.0.0.1:1/v1"\n'
            "[speech]\nsample_rate_hz = 16000\nspeed = 1\n[sound]\nmuted = true\n"
        )
        assert (config.provider, config.model, config.max_tokens) == ("openai", "m", 5)
        assert (config.sample_rate_hz, config.speed, config.muted) == (16000, 1.0, True)

    def test_the_screen_has_its_own(self, settings: Callable[..., Config]) -> None:
        config = settings(
            '[screen]\ntheme = "nord"\nreduced_motion = true\nmeter_frames_hz = 8\n'
            '[keys]\n"prompt.send" = "ctrl+s"\napp.help = "f9, ?"\n'
        )
        assert (config.theme, config.reduced_motion, config.meter_frames_hz) == ("nord", True, 8)
        assert config.keys == {"prompt.send": "ctrl+s", "app.help": "f9, ?"}
        assert not settings().keys

    def test_the_environment_wins_over_the_file_and_flags_over_both(
        self, settings: Callable[..., Config]
    ) -> None:
        toml = '[speech]\nurl = "ws://file/v1/speak"\n'
        environment = {"GRAMOPHONE_SPEAK_URL": "ws://environment/v1/speak"}
        assert settings(toml).speak_url == "ws://file/v1/speak"
        assert settings(toml, environment).speak_url == "ws://environment/v1/speak"
        config = settings(toml, environment, speak_url="ws://flag/v1/speak", voice=None)
        assert config.speak_url == "ws://flag/v1/speak"
        assert config.voice == DEFAULT_VOICE

    def test_an_empty_variable_is_not_set(self, settings: Callable[..., Config]) -> None:
        assert settings(environment={"DEEPGRAM_API_KEY": "  "}).embedded_voice

    def test_a_config_file_in_the_home_wins_over_the_users(
        self, home: Path, settings: Callable[..., Config]
    ) -> None:
        assert settings().config_file == home / "config.toml"

    def test_the_home_may_be_named_from_the_users_own(self, home: Path) -> None:
        assert load({"GRAMOPHONE_HOME": "~/talks"}).home == Path.home() / "talks"


class TestProviders:
    @pytest.mark.parametrize(
        ("environment", "provider"),
        [
            ({"OPENAI_API_KEY": KEY}, "openai"),
            ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "openai"),
            ({"ANTHROPIC_API_KEY": KEY}, "anthropic"),
            ({"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}, "anthropic"),
            ({"ANTHROPIC_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "openai"),
            ({"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}, "openai"),
            ({}, "local"),
        ],
    )
    def test_a_key_or_an_address_chooses_the_provider(
        self, settings: Callable[..., Config], environment: dict[str, str], provider: str
    ) -> None:
        config = settings("", environment)
        assert (config.provider, config.model) == (provider, DEFAULT_MODELS[provider])

    @pytest.mark.parametrize("provider", ["openai", "anthropic"])
    def test_without_its_key_a_provider_is_refused(
        self, settings: Callable[..., Config], provider: str
    ) -> None:
        with pytest.raises(ConfigError, match=f"{provider.upper()}_API_KEY"):
            settings(provider=provider)

    def test_an_unknown_one_is_named(self, settings: Callable[..., Config]) -> None:
        with pytest.raises(ConfigError, match="'hal'; it must be one of openai, anthropic, local"):
            settings(provider="hal")


class TestSpeech:
    def test_a_key_leads_to_deepgram(self, settings: Callable[..., Config]) -> None:
        config = settings("", {"DEEPGRAM_API_KEY": KEY})
        assert not config.embedded_voice
        assert config.speak_endpoint == "wss://api.deepgram.com/v1/speak"

    def test_an_address_leads_there(self, settings: Callable[..., Config]) -> None:
        config = settings(speak_url="ws://127.0.0.1:1/v1/speak")
        assert not config.embedded_voice
        assert config.speak_endpoint == "ws://127.0.0.1:1/v1/speak"

    @pytest.mark.parametrize(
        ("flags", "endpoint", "voice"),
        [
            ({"voice": "flux-kit-en"}, "wss://api.deepgram.com/v2/speak", "flux-kit-en"),
            ({"speak_url": "ws://h/v2/speak"}, "ws://h/v2/speak", "flux-heather-en"),
            ({"speak_url": "ws://h/v2/speak?model=flux-jack-en"}, None, "flux-jack-en"),
            ({"speak_url": "ws://h/v1/speak", "voice": "flux-kit-en"}, "ws://h/v2/speak", None),
            ({"speak_url": "ws://h/v2/speak", "voice": "aura-2-luna-en"}, "ws://h/v1/speak", None),
            ({"speak_url": "ws://h/speech", "voice": "flux-kit-en"}, "ws://h/speech", None),
        ],
        ids=["voice", "address", "parameter", "v1-flux", "v2-aura", "another-path"],
    )
    def test_voice_and_address_choose_the_version(
        self,
        settings: Callable[..., Config],
        flags: dict[str, str],
        endpoint: str | None,
        voice: str | None,
    ) -> None:
        config = settings("", {"DEEPGRAM_API_KEY": KEY}, **flags)
        assert config.speak_endpoint == (endpoint or flags["speak_url"])
        assert config.voice == (voice or flags["voice"])
        flux = config.voice_service.protocol == "speak-v2"
        assert flux == ("/v2/" in config.speak_endpoint)

    def test_flux_speaks_slower(self, settings: Callable[..., Config]) -> None:
        assert settings(speak_url="ws://h/v2/speak", speed=0.5).speed == 0.5
        with pytest.raises(ConfigError, match="between"):
            settings(speak_url="ws://h/v1/speak", speed=0.5)

    def test_another_kind_of_address_is_refused(self, settings: Callable[..., Config]) -> None:
        with pytest.raises(ConfigError, match="must begin with ws:// or wss://"):
            settings(speak_url="https://example.org")


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("toml", "sentence"),
        [
            ("[speech]\nsample_rate_hz = 44100\n", "must be one of 8000, 16000"),
            ('[speech]\nsample_rate_hz = "fast"\n', "must be of type int"),
            ("[speech]\nsample_rate_hz = true\n", "sample_rate_hz is True"),
            ("[speech]\nspeed = 2.0\n", "between 0.7 and 1.5"),
            ("[speech]\nspeed = nan\n", "between 0.7 and 1.5"),
            ("[speech]\nspeed = true\n", "speed is True"),
            ("[model]\nmax_tokens = 0\n", "at least 1"),
            ("[model]\nname = 5\n", "must be of type str"),
            ('[sound]\nmuted = "yes"\n', "must be of type bool"),
            ("[screen]\ntheme = 5\n", "must be of type str"),
            ("[screen]\nreduced_motion = 1\n", "must be of type bool"),
            ("[screen]\nmeter_frames_hz = 60\n", "between 0 .* and 15"),
            ("[screen]\nmeter_frames_hz = true\n", "meter_frames_hz is True"),
            ("[keys]\n'app.help' = 1\n", r'\[keys\] app.help is 1; write keys as "f5"'),
            ("[keys.app]\nhelp = true\n", r"\[keys\] app.help is True"),
            ("[sound]\nvolume = 11\n", r"\[sound\] has no setting 'volume'"),
            ("[model]\ndeepgram_key = 'x'\n", "has no setting 'deepgram_key'"),
            ("[recording]\nredact = 'x'\n", "must be of type list"),
            ("[recording]\nredact = [5]\n", "redact holds 5; it must be a list of patterns"),
            (
                "[recording]\nredact = ['(']\n",
                r"'\(' in redact is not a valid regular expression \(",
            ),
            ("[recording]\nredact = ['a*']\n", "matches the empty text; correct it"),
            ("voice = 'x'\n", "'voice' is outside a table"),
            ("[model\n", "cannot be read"),
            ("[endpoints.a]\n[endpoints.a]\n", r"cannot be read \(.* twice"),
            pytest.param("[" * 100_000, "cannot be read", id="brackets"),
            pytest.param("a = " + "[" * 50_000, "nested too deeply", id="arrays"),
            pytest.param("[keys]\n" + "a." * 3_000 + "b = 'x'", "nested too deeply", id="dots"),
            pytest.param("a." * 20_000 + "b = 1", "nested too deeply", id="many dots"),
            pytest.param("a = " + "9" * 5_000, "cannot be read", id="digits"),
            ("[speech]\nurl = 'ws://['\n", "speech address 'ws://\\[' cannot be read"),
            ("[library]\nkeep_days = 99999999999\n", "write 0 to keep"),
            ("[library]\nkeep_gb = nan\n", "write 0 to keep"),
        ],
    )
    def test_a_sentence_names_it(
        self, settings: Callable[..., Config], toml: str, sentence: str
    ) -> None:
        with pytest.raises(ConfigError, match=sentence):
            settings(toml)

    @pytest.mark.parametrize("name", ["volume", "home", "config_file"])
    def test_a_flag_that_is_no_setting(self, settings: Callable[..., Config], name: str) -> None:
        with pytest.raises(ConfigError, match=f"no setting '{name}'"):
            settings(**{name: "x"})

    @pytest.mark.parametrize(
        ("command", "sentence"),
        [
            ("mkfifo", "is a FIFO"),
            ("mkdir", "is a directory"),
            ("ln -s /dev/zero", "is a device"),
            ("ln -s other.toml", "levels of symbolic links"),
        ],
    )
    def test_what_is_not_a_file_is_not_waited_for(
        self, home: Path, command: str, sentence: str
    ) -> None:
        file = home / "other.toml"
        home.mkdir()
        subprocess.run([*command.split(), str(file)], check=True)
        with pytest.raises(ConfigError, match=f"{sentence}.*correct it or move it away"):
            load({"GRAMOPHONE_HOME": str(home)}, file)

    def test_a_home_that_cannot_be_looked_at(self) -> None:
        with pytest.raises(ConfigError, match=r"GRAMOPHONE_HOME is .* cannot be used"):
            load({"GRAMOPHONE_HOME": "~nobody-of-this-name/x"})

    def test_a_file_that_is_not_text(self, home: Path) -> None:
        home.mkdir()
        (home / "config.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigError, match="correct it or move it away"):
            load({"GRAMOPHONE_HOME": str(home)})


def test_a_key_is_never_shown(settings: Callable[..., Config]) -> None:
    config = settings(
        "", {"DEEPGRAM_API_KEY": KEY, "OPENAI_API_KEY": f"{KEY}1", "ANTHROPIC_API_KEY": f"{KEY}2"}
    )
    assert set(config.secrets) == {KEY, f"{KEY}1", f"{KEY}2"}
    assert KEY not in repr(config)


@pytest.mark.parametrize("service", KEYED_SERVICES, ids=lambda service: service.name)
def test_the_key_of_every_service_is_a_secret(
    settings: Callable[..., Config], service: ServiceEntry
) -> None:
    config = settings("", {service.key_variable: KEY})
    assert config.secrets == (KEY,)
    assert config.api_keys[service.key_variable] == KEY
    assert KEY not in repr(config)


@pytest.mark.parametrize("service", ADDRESSED_SERVICES, ids=lambda service: service.name)
def test_the_address_of_every_service_is_a_setting(
    settings: Callable[..., Config], service: ServiceEntry
) -> None:
    url = "http://127.0.0.1:1"
    by_environment = settings("", {service.base_url_variable: url})
    by_file = settings(f'[model]\n{service.base_url_setting} = "{url}"\n')
    for config in (by_environment, by_file):
        assert getattr(config, service.base_url_setting) == url
        assert service.name in config.usable_providers


def test_what_the_speech_address_asks_for_goes_for_the_whole_program(home: Path) -> None:
    url = "ws://127.0.0.1:1/v1/speak?model=aura-2-zeus-en&sample_rate=16000"
    config = load({"GRAMOPHONE_HOME": str(home), "GRAMOPHONE_SPEAK_URL": url})
    assert (config.sample_rate_hz, config.voice) == (16_000, "aura-2-zeus-en")


@pytest.mark.parametrize("query", ["sample_rate=loud", "sample_rate=44100", "encoding=mulaw"])
def test_an_address_that_asks_for_what_cannot_be_played_is_refused(home: Path, query: str) -> None:
    url = f"ws://127.0.0.1:1/v1/speak?{query}"
    with pytest.raises(ConfigError):
        load({"GRAMOPHONE_HOME": str(home), "GRAMOPHONE_SPEAK_URL": url})


def test_the_embedded_model_has_one_name() -> None:
    assert DEFAULT_MODELS["local"] == PACKAGED_NAME


class TestChoosing:
    def test_what_is_empty_stays(self, settings: Callable[..., Config]) -> None:
        config = settings("", {"OPENAI_API_KEY": KEY})
        assert choose(config) == config

    def test_another_provider_has_its_own_model(self, settings: Callable[..., Config]) -> None:
        config = settings('[model]\nname = "gpt-x"\n', {"OPENAI_API_KEY": KEY})
        assert choose(config, provider="local").model_name == DEFAULT_MODELS["local"]
        assert choose(config, provider="openai").model == "gpt-x"
        assert choose(config, model="gpt-y").model == "gpt-y"

    def test_the_embedded_voice_is_the_only_one(self, settings: Callable[..., Config]) -> None:
        config = settings("")
        assert choose(config, voice="piper") == config
        with pytest.raises(ConfigError, match="DEEPGRAM_API_KEY"):
            choose(config, voice="aura-2-luna-en")

    def test_a_local_model_is_a_file(self, settings: Callable[..., Config], tmp_path: Path) -> None:
        config = settings("")
        file = tmp_path / "own.gguf"
        with pytest.raises(ConfigError, match="no model"):
            choose(config, model=str(file))
        file.touch()
        own = choose(config, model=str(file))
        assert own.local_model == str(file)
        assert choose(own, model=DEFAULT_MODELS["local"]).local_model == ""


def test_the_language_is_found_unless_one_is_named(settings: Callable[..., Config]) -> None:
    assert settings().lang == "auto"
    assert settings('[speech]\nlanguage = "pt-BR"').lang == "pt-BR"
    with pytest.raises(ConfigError, match="it must be auto, or a code such as de"):
        settings('[speech]\nlanguage = "Deutsch!"')
