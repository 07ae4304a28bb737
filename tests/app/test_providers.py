"""Models and voices for conversations: each provider has a client, and no other answers for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.app.providers import ProviderPool
from gramophone.config.config import Config, load
from gramophone.config.services import KEYED_SERVICES, PROVIDERS
from gramophone.core.errors import ConfigError


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


def test_a_provider_without_a_client_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="The provider 'acme' has no client; choose another"):
        ProviderPool().model(replace(config, provider="acme"), ignored)
