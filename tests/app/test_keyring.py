"""Services' keys in a keyring: kept, found again, never written into the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from gramophone.app import keyring as stored_keys
from gramophone.config.loading import load
from gramophone.core.errors import ConfigError
from tests.support.file_preferences import preferences


class Ring(KeyringBackend):
    """A keyring in memory, by the way backends are made."""

    priority: ClassVar[Any] = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        del self.kept[service, username]

    def _open(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("s3cret is behind a lock")


class PlainFile(Ring):
    """One that is not safe."""

    priority: ClassVar[Any] = 0.5


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text("# mine\n")
    return {"GRAMOPHONE_HOME": str(tmp_path)}


async def test_a_key_is_kept_in_the_ring_and_used(
    ring: Ring, environment: dict[str, str], tmp_path: Path
) -> None:
    desk = preferences(environment)
    await desk.store_key("deepgram", "s3cret")
    await desk.store_key("openai", "0ther")
    assert ring.kept == {
        ("gramophone", "deepgram"): "s3cret",
        ("gramophone", "openai"): "0ther",
    }
    file = (tmp_path / "config.toml").read_text()
    assert "s3cret" not in file
    assert 'keyring = "deepgram, openai"' in file
    config = load(stored_keys.with_stored_keys(environment))
    assert (config.deepgram_key, config.openai_key, config.provider) == (
        "s3cret",
        "0ther",
        "openai",
    )
    assert set(config.secrets) == {"s3cret", "0ther"}
    location = {account.name: account.location for account in await desk.accounts()}
    assert location | {"openai": "keyring", "anthropic": "", "deepgram": "keyring"} == location


async def test_the_environment_wins(ring: Ring, environment: dict[str, str]) -> None:
    await preferences(environment).store_key("deepgram", "s3cret")
    variables = environment | {"DEEPGRAM_API_KEY": "mine"}
    assert load(stored_keys.with_stored_keys(variables)).deepgram_key == "mine"
    assert {account.location for account in stored_keys.accounts(variables)} == {"", "environment"}


def test_what_only_the_file_has_of_an_endpoint_is_named(environment: dict[str, str]) -> None:
    file = Path(environment["GRAMOPHONE_HOME"]) / "config.toml"
    tables = ("[endpoints.mine]", 'base_url = "http://h/v1"', 'headers = { x = "y" }')
    file.write_text("\n".join((*tables, "[endpoints.openai]", "extra_body = { a = 1 }")))
    in_file = {account.name: account.in_file for account in stored_keys.accounts(environment)}
    assert in_file["mine"] == ("base_url", "headers")
    assert in_file["openai"] == ("extra_body",)
    assert in_file["anthropic"] == ()


async def test_a_key_is_taken_out(ring: Ring, environment: dict[str, str], tmp_path: Path) -> None:
    desk = preferences(environment)
    await desk.store_key("deepgram", "s3cret")
    await desk.store_key("deepgram", "")
    assert not ring.kept
    assert "deepgram" not in (tmp_path / "config.toml").read_text()
    assert load(stored_keys.with_stored_keys(environment)).deepgram_key == ""


async def test_a_key_that_the_settings_need_stays(ring: Ring, environment: dict[str, str]) -> None:
    desk = preferences(environment)
    await desk.store_key("openai", "0ther")
    await desk.write("provider", "openai")
    with pytest.raises(ConfigError, match="openai needs OPENAI_API_KEY"):
        await desk.store_key("openai", "")
    assert ring.kept
    assert load(stored_keys.with_stored_keys(environment)).openai_key == "0ther"


async def test_nobody_is_asked_to_unlock_what_was_never_used(
    ring: Ring, environment: dict[str, str]
) -> None:
    ring.locked = True
    assert stored_keys.with_stored_keys(environment) == environment


async def test_a_locked_ring_gives_nothing_and_takes_nothing(
    ring: Ring, environment: dict[str, str]
) -> None:
    desk = preferences(environment)
    await desk.store_key("deepgram", "s3cret")
    assert not stored_keys.missing_keys(stored_keys.with_stored_keys(environment))
    ring.locked = True
    locked = stored_keys.with_stored_keys(environment)
    assert load(locked).deepgram_key == ""
    assert "no key for Deepgram" in stored_keys.missing_keys(locked)
    with pytest.raises(ConfigError, match="KeyringLocked") as refusal:
        await desk.store_key("deepgram", "new")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("backend", [NoKeyring, PlainFile])
async def test_where_no_ring_is_safe_the_environment_is_named(
    backend: type[KeyringBackend], ring: Ring, environment: dict[str, str], tmp_path: Path
) -> None:
    keyring.set_keyring(backend())
    desk = preferences(environment)
    assert "environment" in await desk.why_no_keyring()
    with pytest.raises(ConfigError, match="environment"):
        await desk.store_key("deepgram", "s3cret")
    assert (tmp_path / "config.toml").read_text() == "# mine\n"


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
async def test_what_cannot_be_a_key_is_not_kept(
    key: str, ring: Ring, environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match="copy it again") as refusal:
        await preferences(environment).store_key("deepgram", key)
    assert key not in str(refusal.value)
    assert not ring.kept


async def test_an_endpoint_of_the_file_has_an_account(
    ring: Ring, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(
        '[endpoints.mine]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    )
    desk = preferences(environment)
    await desk.store_key("mine", "s3cret")
    await desk.store_key("groq", "0ther")
    locations = {account.name: account.location for account in await desk.accounts()}
    assert (locations["mine"], locations["groq"]) == ("keyring", "keyring")
    assert locations["mistral"] == ""
    assert "ollama" not in locations
    config = load(stored_keys.with_stored_keys(environment))
    assert (config.endpoints["mine"].key, config.endpoints["groq"].key) == ("s3cret", "0ther")
    assert desk.providers()[:4] == ("openai", "anthropic", "local", "mine")
