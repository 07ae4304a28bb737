"""Writes one setting into `config.toml`; comments, order and everything else stay as they are.

None removes a setting from the file: then its default holds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TypeAlias, cast

from gramophone.config.file_reader import FILE_SETTINGS, KEYS_TABLE
from gramophone.config.loading import load
from gramophone.core.errors import ConfigError
from gramophone.system.regular_files import read_regular
from gramophone.system.temporary_files import make_file, sweep

Setting: TypeAlias = str | int | float | bool
_Entries: TypeAlias = MutableMapping[str, object]


def write_setting(
    config_file: Path,
    name: str,
    value: Setting | None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Set `name`, one of the settings in `FILE_SETTINGS`, to `value`.

    Raises:
        ConfigError: the file with it would be refused at the next start, or cannot be written;
            it is as it was.
    """
    entry = next((entry for entry, setting in FILE_SETTINGS.items() if setting == name), None)
    if entry is None:
        raise ConfigError(f"There is no setting {name!r} in config.toml.")
    _write(config_file, entry, value, environment)


def write_key(
    config_file: Path,
    binding_id: str,
    keys: str | None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Give a binding other keys, or its own again.

    Raises:
        ConfigError: as `write_setting` does.
    """
    _write(config_file, (KEYS_TABLE, binding_id), keys, environment)


def _write(
    config_file: Path, entry: tuple[str, str], value: Setting | None, environment: Mapping[str, str]
) -> None:
    # Written through a symbolic link: replacing the link itself by a file would part the two, for
    # example where the settings of several machines lie in one repository.
    target = Path(os.path.realpath(config_file))
    try:
        text = _with(_text_of(target), entry, value)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text, environment)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{config_file} cannot be written ({error}).") from error


def _text_of(path: Path) -> str:
    try:
        return read_regular(path).decode()
    except FileNotFoundError:
        return ""


def _with(text: str, entry: tuple[str, str], value: Setting | None) -> str:
    # Unlike a plain TOML writer it keeps comments and order. It is imported here, because a start
    # reads settings and seldom writes any.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    table, name = entry
    try:
        document = tomlkit.parse(text)
        if table not in document:
            if value is None:
                return text
            document[table] = tomlkit.table()
        if not isinstance(document[table], MutableMapping):
            raise TypeError(f"{table!r} is not a table")
        entries, own_name = _find(cast("_Entries", document[table]), name)
        if value is not None:
            entries[own_name] = value
        elif own_name in entries:
            del entries[own_name]
    except (TOMLKitError, TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"config.toml cannot be read ({error}); correct it first.") from error
    return document.as_string()


def _find(entries: _Entries, name: str) -> tuple[_Entries, str]:
    """The table that contains `name`, and its name there; `entries` and `name` where none does.

    To TOML `app.help` without quotes is `help` in a table `app`.
    """
    first, dot, rest = name.partition(".")
    inner = entries.get(first)
    if dot and name not in entries and isinstance(inner, MutableMapping):
        table, own_name = _find(cast("_Entries", inner), rest)
        if own_name in table:
            return table, own_name
    return entries, name


def _replace(target: Path, text: str, environment: Mapping[str, str]) -> None:
    """Write a new file beside the old one, and rename it once the program would start with it.

    Raises:
        ConfigError: the next start would refuse the new file.
    """
    sweep(target.parent)
    descriptor, new = make_file(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            load(environment, new)
            if target.exists():
                new.chmod(target.stat().st_mode & 0o777)
            # Renamed before it is closed: closing gives its lock back, and another process that
            # sweeps up temporary files may then remove it.
            new.replace(target)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(new), str(target))) from error
    finally:
        new.unlink(missing_ok=True)
