"""Tables of `config.toml` whose names are the user's own: `[endpoints.NAME]` and
`[voices.NAME]`.

A kind of table is described by its entries and their types. What is read here has the right names
and types; whether the values make sense is for whoever makes something of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeAlias, cast

from gramophone.core.errors import ConfigError

Table: TypeAlias = Mapping[str, object]
Tables: TypeAlias = Mapping[str, Table]
"""Entries by name of the table, in the order of the file."""

MOST_TIMEOUT_S: Final = 3600
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
_KEYS: Final = frozenset({"key", "api_key", "apikey", "token", "secret", "password"})
_TYPE_WORDS: Final[Mapping[type, str]] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of texts",
    dict: "a table",
}


def read_named_tables(
    kind: str,
    content: Mapping[str, object],
    entries: Mapping[str, tuple[type, ...]],
    reserved: Collection[str] = (),
) -> dict[str, dict[str, object]]:
    """Check the tables below `[kind]`, and return them by name.

    Args:
        kind: the first part of the tables' names, for example `endpoints`.
        content: what stands below it in the file.
        entries: types that each entry of such a table may have.
        reserved: names that mean something else.

    Raises:
        ConfigError: a name, an entry or a type is wrong; one sentence says which, and what is
            allowed.
    """
    tables: dict[str, dict[str, object]] = {}
    for name, table in content.items():
        if not isinstance(table, dict):
            raise ConfigError(
                f"[{kind}] {name} is outside a table of its own; write it below [{kind}.NAME]."
            )
        _check_table_name(kind, name, reserved)
        for entry, value in cast("dict[str, object]", table).items():
            _check_entry(f"[{kind}.{name}]", entry, value, entries)
        tables[name] = cast("dict[str, object]", table)
    return tables


def checked_timeout_s(where: str, timeout_s: Any) -> float | None:
    """Check a `timeout_s` of the table `where`, in seconds; None where it has none.

    Raises:
        ConfigError: it is not more than 0, or too long.
    """
    if timeout_s is not None and not 0 < timeout_s <= MOST_TIMEOUT_S:
        raise ConfigError(
            f"{where} timeout_s is {timeout_s!r:.40}; it must be more than 0 and at most "
            f"{MOST_TIMEOUT_S} seconds."
        )
    return timeout_s


def _check_table_name(kind: str, name: str, reserved: Collection[str]) -> None:
    if not _NAME.match(name):
        # Two names that differ in upper and lower case alone would be mistaken for each other.
        raise ConfigError(
            f"[{kind}.{name[:60]}] is not a name; write up to 40 lower-case letters, digits, - "
            "and _, for example "
            f"[{kind}.{_suggested(name)}]."
        )
    if name in reserved:
        raise ConfigError(f"[{kind}.{name}] cannot be had: the name has a meaning; choose another.")


def _suggested(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()[:40]).strip("-") or "mine"


def _check_entry(
    table: str, entry: str, value: object, entries: Mapping[str, tuple[type, ...]]
) -> None:
    if entry.lower() in _KEYS and entry not in entries:
        raise ConfigError(
            f"{table} has a setting {entry!r}: keys do not belong into the file, because it is "
            'backed up and shown. Write key_env = "NAME" of the environment variable that has it.'
        )
    if entry not in entries:
        raise ConfigError(
            f"{table} has no setting {entry[:60]!r}; it must be one of {', '.join(entries)}."
        )
    allowed = entries[entry]
    # To Python True is a number, to a reader of config.toml it is not.
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise ConfigError(
            f"{table} {entry} is of the wrong type; it must be {_TYPE_WORDS[allowed[-1]]}."
        )
