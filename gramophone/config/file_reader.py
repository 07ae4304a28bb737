"""Reads `config.toml` as settings by name, and refuses what is not a setting.

A file is read that a person edits: an error is one sentence that names the file and the entry.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from gramophone.config.endpoints import ENDPOINT_ENTRIES, RESERVED_NAMES
from gramophone.config.named_tables import read_named_tables
from gramophone.config.personas import PERSONA_ENTRIES
from gramophone.config.services import ADDRESSED_SERVICES
from gramophone.config.voices import VOICE_ENTRIES
from gramophone.core.errors import ConfigError
from gramophone.system.regular_files import read_regular

FILE_SETTINGS = {
    ("model", "provider"): "provider",
    ("model", "name"): "model",
    ("model", "persona"): "persona",
    ("model", "system_prompt"): "system_prompt",
    ("model", "memory"): "memory",
    ("model", "max_tokens"): "max_tokens",
    **{
        ("model", service.base_url_setting): service.base_url_setting
        for service in ADDRESSED_SERVICES
    },
    ("model", "local_file"): "local_model",
    ("speech", "url"): "speak_url",
    ("speech", "voice"): "voice",
    ("speech", "sample_rate_hz"): "sample_rate_hz",
    ("speech", "speed"): "speed",
    ("speech", "language"): "lang",
    ("sound", "muted"): "muted",
    ("sound", "device"): "device",
    ("accounts", "keyring"): "keyring_services",
    ("recording", "redact"): "redact",
    ("library", "keep_days"): "keep_days",
    ("library", "keep_gb"): "keep_gb",
    ("screen", "theme"): "theme",
    ("screen", "reduced_motion"): "reduced_motion",
    ("screen", "accessible"): "accessible",
    ("screen", "notify"): "notify",
    ("screen", "meter_frames_hz"): "meter_frames_hz",
}
"""Every entry of `config.toml`, as table and name, and the field of `Config` that it sets.

No key of a service is among them: a key in a file would be backed up, synchronised and shown.
"""

KEYS_TABLE = "keys"
"""The one table whose names are not listed here: only the screen knows its bindings."""

ENDPOINTS_TABLE = "endpoints"
"""Tables of the user's own names, `[endpoints.NAME]`; see `gramophone.config.endpoints`."""

VOICES_TABLE = "voices"
"""Tables of the user's own names, `[voices.NAME]`; see `gramophone.config.voices`."""

PERSONAS_TABLE = "personas"
"""Tables of the user's own names, `[personas.NAME]`; see `gramophone.config.personas`."""

_MOST_KEY_PARTS = 200


def read_settings(path: Path) -> dict[str, object]:
    """Settings that the file contains, by field of `Config`; none where there is no file.

    Raises:
        ConfigError: it cannot be read, or contains what is not a setting.
    """
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(path, error.strerror or error) from error
    return settings_in(content, path)


def settings_in(content: bytes, path: Path) -> dict[str, object]:
    """Settings that the content of a file has, by field of `Config`.

    Raises:
        ConfigError: it is not TOML, or contains what is not a setting; `path` names it.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path, error) from error
    # Most people have no such file, and the first frame does not wait for its parser.
    import tomllib

    try:
        _refuse_deep_keys(text)
        tables: dict[str, Any] = tomllib.loads(text)
        return _settings(path, tables)
    except RecursionError as error:
        raise _unreadable(path, "it is nested too deeply") from error
    except ValueError as error:
        # Not only TOMLDecodeError: int() refuses a number of more than 4,300 digits, for example.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, reason: Exception | str) -> ConfigError:
    return ConfigError(f"{path} cannot be read ({reason}); correct it or move it away.")


def _refuse_deep_keys(text: str) -> None:
    """Raise RecursionError for a key of very many parts, over which the parser takes minutes."""
    for line in text.splitlines():
        # Dots in strings and comments are not parts of a key.
        key = re.split("[=\"'#]", line, maxsplit=1)[0]
        if key.count(".") > _MOST_KEY_PARTS:
            raise RecursionError


def _settings(path: Path, tables: Mapping[str, Any]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for table, content in tables.items():
        if not isinstance(content, dict):
            raise ConfigError(f"{path}: {table!r} is outside a table; see docs/config.md.")
        entries = cast("dict[str, object]", content)
        if table == KEYS_TABLE:
            settings["keys"] = _bindings(path, entries)
            continue
        if table == ENDPOINTS_TABLE:
            settings["endpoint_tables"] = _named_tables(
                path, table, entries, ENDPOINT_ENTRIES, RESERVED_NAMES
            )
            continue
        if table == VOICES_TABLE:
            settings["voice_tables"] = _named_tables(path, table, entries, VOICE_ENTRIES)
            continue
        if table == PERSONAS_TABLE:
            settings["persona_tables"] = _named_tables(path, table, entries, PERSONA_ENTRIES)
            continue
        for name, value in entries.items():
            setting = FILE_SETTINGS.get((table, name))
            if setting is None:
                raise ConfigError(f"{path}: [{table}] has no setting {name!r}; see docs/config.md.")
            settings[setting] = value
    return settings


def _named_tables(
    path: Path,
    kind: str,
    content: Mapping[str, object],
    entries: Mapping[str, tuple[type, ...]],
    reserved: Collection[str] = (),
) -> object:
    try:
        return read_named_tables(kind, content, entries, reserved)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _bindings(path: Path, entries: dict[str, object], prefix: str = "") -> dict[str, str]:
    """Keys by binding. `app.help = "f1"` is a table in a table to TOML; here it is `app.help`."""
    bindings: dict[str, str] = {}
    for name, value in entries.items():
        if isinstance(value, dict):
            bindings |= _bindings(path, cast("dict[str, object]", value), f"{prefix}{name}.")
        elif isinstance(value, str):
            bindings[prefix + name] = value
        else:
            raise ConfigError(
                f'{path}: [keys] {prefix}{name} is {value!r}; write keys as "f5" or "f5, ctrl+h".'
            )
    return bindings
