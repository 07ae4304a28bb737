"""Models and voices for conversations: each provider has a client, and no other answers for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.app.choices import available_options
from gramophone.app.providers import ProviderPool
from gramophone.config.config import Config
from gramophone.config.loading import load
from gramophone.config.services import KEYED_SERVICES, PROVIDERS
from gramophone.core.errors import ConfigError
from gramophone.providers.llm.fallback import FallbackModel
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses


def ignored(detail: str) -> None:
    """Progress that nobody follows."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings with the key of every service."""
    keys = {service.key_variable: "k3y" for service in KEYED_SERVICES}
    return load({"GRAMOPHONE_HOME": str(tmp_path), **keys})


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_a_client(config: Config, provider: str) -> None:
    model = ProviderPool().model(replace(config, provider=provider), ignored)
    assert model.provider == provider


def test_clients_of_an_endpoint_and_model_have_one_memory(config: Config) -> None:
    pool = ProviderPool()

    def memory(model: str) -> object:
        client = pool.model(replace(config, provider="openai", model=model), ignored)
        assert isinstance(client, OpenAIChat)
        return client._options.memory  # pyright: ignore[reportPrivateUsage]

    assert memory("m") is memory("m")
    assert memory("m") is not memory("n")


def test_an_endpoint_of_responses_has_a_client(tmp_path: Path) -> None:
    lines = ["[endpoints.mine]", 'protocol = "responses"', 'model = "m"']
    lines.append('base_url = "http://127.0.0.1:9/v1"')
    (tmp_path / "config.toml").write_text("\n".join(lines), encoding="utf-8")
    config = load({"GRAMOPHONE_HOME": str(tmp_path)})
    model = ProviderPool().model(replace(config, provider="mine", model="m"), ignored)
    assert isinstance(model, OpenAIResponses)


def test_a_fallback_is_asked_after_the_first(config: Config, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[endpoints.groq]\nmodel = "m"\nfallback = ["local"]\n')
    chosen = load({"GRAMOPHONE_HOME": str(tmp_path), "GROQ_API_KEY": "k3y"}, provider="groq")
    model = ProviderPool().model(chosen, ignored)
    assert isinstance(model, FallbackModel)
    assert (model.provider, model.model) == ("groq", "m")


def test_a_provider_without_a_client_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="The provider 'acme' has no client; choose another"):
        ProviderPool().model(replace(config, provider="acme"), ignored)


@pytest.mark.parametrize("flux", [False, True], ids=["aura", "flux"])
def test_a_voice_comes_with_its_protocol(config: Config, flux: bool) -> None:
    voice = "flux-kit-en" if flux else "aura-2-luna-en"
    service = ProviderPool().speech(replace(config, voice=voice, speed=1.2))
    assert service.protocol.capabilities.streams_text == flux
    assert voice in available_options(replace(config, voice=voice)).voices


def test_a_speed_between_the_steps_of_flux_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="increments of 0"):
        ProviderPool().speech(replace(config, voice="flux-kit-en", speed=1.01))


def test_the_embedded_voice_speaks_the_languages_of_the_voices_in_its_folder(
    config: Config, tmp_path: Path
) -> None:
    config = replace(config, deepgram_key="")
    assert ProviderPool().speech(config).protocol.capabilities.languages == ("en",)
    folder = tmp_path / "voices"
    folder.mkdir()
    (folder / "de_DE-someone-low.onnx").touch()
    (folder / "de_DE-someone-low.onnx.json").write_text('{"language": {"code": "de_DE"}}')
    capabilities = ProviderPool().speech(config).protocol.capabilities
    assert capabilities.languages == ("en", "de")
    assert str(folder) in capabilities.language_advice


def test_the_embedded_voice_does_not_mind_a_voice_of_flux(config: Config) -> None:
    embedded = replace(config, deepgram_key="", voice="flux-kit-en")
    assert not ProviderPool().speech(embedded).protocol.capabilities.streams_text
