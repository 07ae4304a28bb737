"""Services' keys in the system's keyring, where there is one; the environment wins over it.

`config.toml` names the services whose key is there, never the key: so nobody who stores none is
asked to unlock a keyring. Everything that reads a key reads it from the environment made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, cast

from gramophone.config.endpoints import PRESETS, key_variables, title_of
from gramophone.config.file_reader import read_settings
from gramophone.config.locations import locate
from gramophone.config.named_tables import Tables
from gramophone.config.services import KEYED_SERVICES
from gramophone.core.errors import ConfigError
from gramophone.ports.preferences import Account, KeyLocation

SERVICE: Final = "gramophone"

NOT_INSTALLED: Final = (
    "Keys cannot be kept: the extra 'keyring' is not installed. Until it is, set the variable "
    "in the environment."
)
NO_BACKEND: Final = (
    "Keys cannot be kept: this system has no keyring that is safe. Set the variable in the "
    "environment instead."
)
_SAFE_PRIORITY: Final = 1
"""Least priority of a backend that the library `keyring` recommends; below it are plain files."""


def with_stored_keys(environment: Mapping[str, str], without: str = "") -> dict[str, str]:
    """Add to the environment the keys that are in the keyring and not in it already.

    The key of the account `without` is not read.
    """
    whole = dict(environment)
    stored = set(stored_accounts(environment)) - {without}
    if not stored:
        return whole
    missing = [
        account
        for account in _known_accounts(environment)
        if account.name in stored and not environment.get(account.variable, "").strip()
    ]
    if not missing or why_no_keyring():
        return whole
    for account in missing:
        # A keyring that stays locked gives nothing: whoever needs the key says that it is missing.
        # Any exception, because backends raise their own (D-Bus, KWallet, macOS).
        with suppress(Exception):
            whole[account.variable] = _keyring().get_password(SERVICE, account.name) or ""
    return whole


def missing_keys(environment: Mapping[str, str]) -> str:
    """Sentence for the user about keys that should come from the keyring and did not.

    Args:
        environment: as `with_stored_keys` returned it.
    """
    stored = stored_accounts(environment)
    titles = [
        account.title
        for account in (_known_accounts(environment) if stored else ())
        if account.name in stored and not environment.get(account.variable, "").strip()
    ]
    if not titles:
        return ""
    return (
        f"The keyring gave no key for {' and '.join(titles)}: unlock it and start again, "
        "or store the key again (F10, Accounts)."
    )


def stored_accounts(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the services whose key is in the keyring, as `config.toml` lists them; none where
    the file cannot be read."""
    names = str(_settings(environment).get("keyring_services", ""))
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _settings(environment: Mapping[str, str]) -> Mapping[str, object]:
    try:
        _, config_file = locate(environment)
        return read_settings(config_file)
    except ConfigError:
        # Whoever reads all settings tells it.
        return {}


def _known_accounts(environment: Mapping[str, str]) -> tuple[Account, ...]:
    """Every service that takes a key: those of the program, then endpoints by name."""
    tables = cast("Tables", _settings(environment).get("endpoint_tables", {}))
    in_file = {name: tuple(table) for name, table in tables.items()}
    services = [
        Account(
            service.name,
            service.title,
            service.key_variable,
            in_file=in_file.get(service.name, ()),
        )
        for service in KEYED_SERVICES
    ]
    endpoints = [
        Account(name, title_of(name), variable, in_file=in_file.get(name, ()))
        for name, variable in key_variables(tables).items()
        if name in tables or PRESETS[name].needs_key
    ]
    own = {service.name for service in services}
    return (*services, *(account for account in endpoints if account.name not in own))


def accounts(environment: Mapping[str, str]) -> tuple[Account, ...]:
    """Every service, and where its key is; `environment` is that of the process."""
    stored = stored_accounts(environment)

    def location(account: Account) -> KeyLocation:
        if environment.get(account.variable, "").strip():
            return "environment"
        return "keyring" if account.name in stored else ""

    return tuple(
        replace(account, location=location(account)) for account in _known_accounts(environment)
    )


def why_no_keyring() -> str:
    """Reason why no key can be stored, and where to put it instead; empty where one can."""
    try:
        backend = _keyring().get_keyring()
    except ImportError:
        return NOT_INSTALLED
    except Exception:
        return NO_BACKEND
    # Below that it is a file in plain text, or a backend that does nothing.
    return "" if getattr(backend, "priority", 0) >= _SAFE_PRIORITY else NO_BACKEND


def store(account: str, key: str) -> None:
    """Put a key into the keyring, or remove it where `key` is empty.

    Raises:
        ConfigError: the keyring refuses it, or there is none.
    """
    if reason := why_no_keyring():
        raise ConfigError(reason)
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("No key looks like that: it holds blanks or line breaks; copy it again.")
    keyring = _keyring()
    try:
        if key:
            keyring.set_password(SERVICE, account, key)
        elif keyring.get_password(SERVICE, account) is not None:
            keyring.delete_password(SERVICE, account)
    except Exception as error:
        # Its own text is not shown: a backend might quote the key in it.
        raise ConfigError(
            f"The keyring refused it ({type(error).__name__}); unlock it and try again."
        ) from error


def _keyring() -> Any:
    # Imported here, because the extra may not be installed, and most people store no key.
    import keyring

    return keyring
