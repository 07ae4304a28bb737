"""Services' keys in the system's keyring, where there is one; the environment wins over it.

`config.toml` says of which services a key is there, never what it is: so nobody who keeps none is
asked to unlock a keyring. All that reads a key reads it from the environment that is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from gramophone.config.config import in_file, places
from gramophone.core.errors import ConfigError
from gramophone.ports.preferences import Account, KeptIn

SERVICE: Final = "gramophone"

ACCOUNTS: Final = (
    Account("openai", "OpenAI", "OPENAI_API_KEY"),
    Account("anthropic", "Anthropic", "ANTHROPIC_API_KEY"),
    Account("deepgram", "Deepgram", "DEEPGRAM_API_KEY"),
)
NOT_INSTALLED: Final = (
    "Keys cannot be kept: the extra 'keyring' is not installed. Until it is, set the variable "
    "in the environment."
)
NO_BACKEND: Final = (
    "Keys cannot be kept: this system has no keyring that is safe. Set the variable in the "
    "environment instead."
)
_SAFE_PRIORITY: Final = 1


def with_kept_keys(environment: Mapping[str, str], without: str = "") -> dict[str, str]:
    """The environment with the keys that are in the keyring and not in it already; that of the
    account `without` is left where it is."""
    whole = dict(environment)
    kept = set(named(environment)) - {without}
    wanted = [
        each
        for each in ACCOUNTS
        if each.name in kept and not environment.get(each.variable, "").strip()
    ]
    if not wanted or no_keyring():
        return whole
    for account in wanted:
        # A keyring that stays locked gives nothing; what needs the key says that it is missing.
        with suppress(Exception):
            whole[account.variable] = _keyring().get_password(SERVICE, account.name) or ""
    return whole


def not_given(environment: Mapping[str, str]) -> str:
    """What to say where a key is kept and `environment`, which should hold it, does not."""
    kept = named(environment)
    titles = [
        each.title
        for each in ACCOUNTS
        if each.name in kept and not environment.get(each.variable, "").strip()
    ]
    if not titles:
        return ""
    return (
        f"The keyring gave no key for {' and '.join(titles)}: unlock it and start again, "
        "or store the key again (F10, Accounts)."
    )


def named(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Of which services `config.toml` says that a key is kept; none where it cannot be read."""
    try:
        told = in_file(places(environment)[1]).get("kept_keys", "")
    except ConfigError:
        return ()
    return tuple(name.strip() for name in str(told).split(",") if name.strip())


def accounts(environment: Mapping[str, str]) -> tuple[Account, ...]:
    """Every service, and where its key is; `environment` is that of the process."""
    kept = named(environment)

    def where(account: Account) -> KeptIn:
        if environment.get(account.variable, "").strip():
            return "environment"
        return "keyring" if account.name in kept else ""

    return tuple(replace(each, kept_in=where(each)) for each in ACCOUNTS)


def no_keyring() -> str:
    """Why no key can be kept, and where it must go; empty where it can."""
    try:
        backend = _keyring().get_keyring()
    except ImportError:
        return NOT_INSTALLED
    except Exception:
        return NO_BACKEND
    # Below that it is a file in plain text, or nothing at all.
    return "" if getattr(backend, "priority", 0) >= _SAFE_PRIORITY else NO_BACKEND


def keep(account: str, key: str) -> None:
    """Put a key into the keyring, or take it out where `key` is empty.

    Raises:
        ConfigError: the keyring refuses it, or there is none.
    """
    if why := no_keyring():
        raise ConfigError(why)
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("No key looks like that: it holds blanks or line breaks; copy it again.")
    keyring = _keyring()
    try:
        if key:
            keyring.set_password(SERVICE, account, key)
        elif keyring.get_password(SERVICE, account) is not None:
            keyring.delete_password(SERVICE, account)
    except Exception as error:
        # Its own text is not shown: nobody knows what a backend puts into it.
        raise ConfigError(
            f"The keyring refused it ({type(error).__name__}); unlock it and try again."
        ) from error


def _keyring() -> Any:
    import keyring

    return keyring
