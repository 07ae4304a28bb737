"""A small library with everything in it, and the ways in which it can be damaged.

Every mutation takes a directory (see `build_library`) and a source of chance, damages one thing
below the directory, and returns in a few words what it did.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from gramophone.library.export_request import ExportRequest
from storage.home import Home
from storage.library import StoredLibrary
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.compacted import as_flac
from tests.support.paths import ROOT
from tests.support.recordings import opened, record

_EXPORTS = ROOT / "fixtures" / "exports"
_CONFIG = """\
[model]
provider = "openai"
openai_base_url = "http://127.0.0.1:9/v1"
max_tokens = 200
[speech]
voice = "aura-2-thalia-en"
sample_rate_hz = 24000
speed = 1.0
[sound]
muted = true
[recording]
redact = ["card [0-9]{4}"]
[library]
keep_days = 0
[keys]
app.help = "f1"
"""

Mutation: TypeAlias = Callable[[Path, random.Random], str]


@dataclass(frozen=True, slots=True)
class Library:
    """Directory of `home/`, `config/gramophone/config.toml`, `talk.gramophone`, `chats.json`."""

    directory: Path


async def build_library(directory: Path) -> Library:
    """Sessions with WAV, with FLAC, interrupted and unended; a bundle; an export of chats."""
    home = directory / "home"
    await record(home, short_session("a" * 16))
    as_flac(home)
    await record(home, short_session("b" * 16))
    await record(home, [session_started("c" * 16), *spoken_exchange()])
    async with await StoredLibrary.open(home) as library:
        order = ExportRequest(form="bundle", path=directory / "talk.gramophone")
        await library.export(["b" * 16], order)
    settings = directory / "config" / "gramophone" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(_CONFIG)
    (directory / "out").mkdir()
    chats = [json.loads((_EXPORTS / f"{name}.json").read_text()) for name in ("chatgpt", "claude")]
    (directory / "chats.json").write_text(json.dumps([chat for some in chats for chat in some]))
    with opened(home) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Library(directory)


# --- bytes --------------------------------------------------------------------------------------


def _damage_bytes(path: Path, chance: random.Random, *, within: int = 0) -> str:
    """Flip, zero, cut, swap or insert; `within` limits it to the first so many bytes."""
    data = bytearray(path.read_bytes())
    size = min(len(data), within) if within else len(data)
    if not size:
        return "nothing to damage"
    at = chance.randrange(size)
    match chance.choice(["flip", "flip", "flips", "byte", "zeros", "cut", "insert", "noise"]):
        case "flip":
            data[at] ^= 1 << chance.randrange(8)
            damage = f"bit of byte {at}"
        case "flips":
            for _ in range(20):
                data[chance.randrange(size)] ^= 1 << chance.randrange(8)
            damage = "20 bits"
        case "byte":
            data[at] = chance.choice([0, 0xFF, 0x7F, 0x80, ord("["), ord('"')])
            damage = f"byte {at}"
        case "zeros":
            data[at : at + 512] = bytes(len(data[at : at + 512]))
            damage = f"zeros at {at}"
        case "cut":
            del data[at:]
            damage = f"cut at {at}"
        case "insert":
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
            damage = f"inserted at {at}"
        case _:
            data[at : at + 64] = chance.randbytes(len(data[at : at + 64]))
            damage = f"noise at {at}"
    path.write_bytes(data)
    return damage


def _database_bytes(directory: Path, chance: random.Random) -> str:
    return _damage_bytes(Home.at(directory / "home").database, chance)


def _schema_bytes(directory: Path, chance: random.Random) -> str:
    return _damage_bytes(Home.at(directory / "home").database, chance, within=8192)


def _page(directory: Path, chance: random.Random) -> str:
    path = Home.at(directory / "home").database
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    one, other = chance.randrange(pages), chance.randrange(pages)
    data[one * 4096 : one * 4096 + 4096] = data[other * 4096 : other * 4096 + 4096]
    path.write_bytes(data)
    return f"page {one + 1} is a copy of {other + 1}"


def _sound_bytes(directory: Path, chance: random.Random) -> str:
    path = chance.choice(sorted((directory / "home" / "audio").glob("*/*")))
    return f"{path.name} {_damage_bytes(path, chance, within=chance.choice([0, 64]))}"


def _bundle_bytes(directory: Path, chance: random.Random) -> str:
    return _damage_bytes(directory / "talk.gramophone", chance)


def _config_bytes(directory: Path, chance: random.Random) -> str:
    return _damage_bytes(directory / "config" / "gramophone" / "config.toml", chance)


def _chats_bytes(directory: Path, chance: random.Random) -> str:
    return _damage_bytes(directory / "chats.json", chance)


# --- values -------------------------------------------------------------------------------------

_NUMBERS = (0, -1, 1, 7, 255, 65_536, -(1 << 31), 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))
_TEXTS = (
    *("", "\0", "\ufffd", "opus", "linear16", "user", "system", "42.wav", "../../etc/passwd"),
    *("2026-13-45", "0000", "9999-12-31T23:59:59+99:99", "\u202e\x1b[2J", "x" * 100_000, "NaN"),
)
_JSON = (
    *("[]", "null", "3", '"x"', "{", "{}", '{"event": 3}', '{"at_us": "x"}', '{"at_us": null}'),
    *('{"turn": "x"}', '{"text": 3}', '{"text": null}', '{"samples": 1e400}', "[" * 100_000),
    *(
        '{"size_bytes": -1}',
        '{"offset_bytes": "x"}',
        '{"position_samples": null}',
        '{"ttft_ms": []}',
    ),
    *('{"text": "\\ud800"}', '{"pcm": "x"}', '{"connection": {}}', '{"heard_text": [1]}'),
)
_ODD: tuple[Any, ...] = (
    *(None, 3, -1, 1e300, True, [], {}, "", "x", "\ud800", [[[]]], 10**30, [None]),
)
_COLUMNS: dict[str, dict[str, type[object]]] = {
    "session": {
        "number": int, "id": str, "title": str, "created_at": str, "provider": str, "model": str,
        "voice": str, "encoding": str, "sample_rate_hz": int, "system_prompt": str,
        "format_version": int, "ended": int, "recovered": int, "turns": int, "spoken_samples": int,
        "renamed": int, "pinned": int, "archived": int, "discarded_at": str,
    },
    "turn": {
        "number": int, "session": int, "turn": int, "role": str, "text": str, "finish_reason": str,
        "started_us": int, "completed_us": int, "audio_file": str, "samples": int, "sha256": str,
        "ttft_ms": float, "ttfb_ms": float, "ttfa_ms": float, "response_ms": float,
        "underruns": int, "flushes": int, "input_tokens": int, "output_tokens": int,
        "withdrawn": int, "tokens_per_s": float,
    },
    "event": {
        "session": int, "seq": int, "at_us": int, "kind": str, "turn": int, "connection": int,
        "text": str, "offset_bytes": int, "size_bytes": int, "detail": dict,
    },
}  # fmt: skip
_KINDS = (
    *("AudioReceived", "TextSpoken", "TurnStarted", "TurnCompleted", "PlaybackStarted", "Underran"),
    *("SessionStarted", "DeltaReceived", "TurnInterrupted", "Nothing", "SettingsChanged", "Failed"),
)


def _odd(kind: type[object], chance: random.Random) -> object:
    if kind is int:
        return chance.choice(_NUMBERS)
    if kind is float:
        return chance.choice([-1.0, 0.0, 1e308, -1e308, float("inf"), float("-inf")])
    if kind is dict:
        return chance.choice(_JSON)
    return chance.choice(_TEXTS)


def _change_row(database: sqlite3.Connection, table: str, chance: random.Random) -> str:
    columns = _COLUMNS[table]
    column = chance.choice([*columns])
    odd_value = _odd(columns[column], chance)
    value = chance.choice(_KINDS) if (table, column) == ("event", "kind") else odd_value
    count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    key = "(session, seq)" if table == "event" else "number"
    keys = "session, seq" if table == "event" else "number"
    some = "" if chance.random() < 0.2 else f"LIMIT 1 OFFSET {chance.randrange(count)}"
    rows = f"SELECT {keys} FROM {table} {some}"
    raw = chance.random() < 0.1 and isinstance(value, str)
    setting = "CAST(x'c3ff80' AS TEXT)" if raw else "?"
    try:
        database.execute(
            f"UPDATE OR IGNORE {table} SET {column} = {setting} WHERE {key} IN ({rows})",
            () if raw else (value,),
        )
    except sqlite3.Error as error:
        return f"{table}.{column} refused: {error}"
    return f"{table}.{column} = {'no UTF-8' if raw else repr(value)[:40]} ({some or 'all'})"


def _row(directory: Path, chance: random.Random) -> str:
    with opened(directory / "home") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        table = chance.choice(["session", "turn", "turn", "event", "event", "event"])
        return _change_row(database, table, chance)


def _shape(directory: Path, chance: random.Random) -> str:
    statement = chance.choice(
        [
            *("DELETE FROM session", "DELETE FROM turn", "DELETE FROM event", "DROP TABLE event"),
            *("DROP TABLE turn_text", "DROP INDEX session_listed", "DROP TRIGGER turn_text_insert"),
            *("DROP TABLE tag", "PRAGMA user_version = 3", "PRAGMA user_version = 0"),
            *("PRAGMA user_version = 99", "PRAGMA application_id = 7", "DROP TABLE migration"),
            *("ALTER TABLE turn RENAME COLUMN text TO words", "CREATE TABLE extra (x)"),
            *("ALTER TABLE session DROP COLUMN recovered", "DROP TABLE session_title"),
        ]
    )
    with opened(directory / "home") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        try:
            database.execute(statement)
        except sqlite3.Error as error:
            return f"{statement} refused: {error}"
    return statement


def _schema_text(directory: Path, chance: random.Random) -> str:
    """A character of the schema, as a flipped byte of the first page would change it."""
    path = Home.at(directory / "home").database
    with closing(sqlite3.connect(path)) as database:
        texts: list[tuple[str]] = database.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
    data = bytearray(path.read_bytes())
    text = chance.choice(texts)[0].encode()
    at = data.find(text)
    if at < 0:
        return "its text is spread over pages"
    offset = chance.randrange(len(text))
    data[at + offset] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"{text[:30]!r} byte {offset}"


# --- files --------------------------------------------------------------------------------------


def _irregular(path: Path, chance: random.Random) -> str:
    if path.is_dir():
        return "a directory"
    path.unlink()
    kind = chance.choice(["fifo", "directory", "loop", "device", "dangling", "unreadable", "empty"])
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
        case "device":
            path.symlink_to("/dev/zero")
        case "dangling":
            path.symlink_to("nothing-there")
        case "unreadable":
            path.touch(0)
        case _:
            path.touch()
    return f"{path.name} is a {kind}"


def _file(directory: Path, chance: random.Random) -> str:
    home = directory / "home"
    paths = [*sorted((home / "audio").glob("*/*")), home / "library.db", home / "redaction.key"]
    return _irregular(chance.choice([path for path in paths if path.exists()]), chance)


def _config_file(directory: Path, chance: random.Random) -> str:
    path = directory / "config" / "gramophone" / "config.toml"
    if chance.random() < 0.4:
        return _irregular(path, chance)
    text = chance.choice(
        [
            *("[" * 100_000, "a = " + "[" * 50_000, "a." * 20_000 + "b = 1", "\0", "\ufeff[model]"),
            *("[model]\nname = 3", "[model]\nmax_tokens = nan", "[speech]\nspeed = inf"),
            *('[speech]\nurl = "ws://["', "[library]\nkeep_gb = nan", "[keys]\na = [1]", "= 1"),
            *('[recording]\nredact = ["(a+)+$"]', '[recording]\nredact = ["("]', "[model.name]"),
            *(
                '[speech]\nurl = "ws://a/?sample_rate=99999999999999999999"',
                "[library]\nkeep_days=1e9",
            ),
            *("[library]\nkeep_days = 99999999999999999999", "[model]\nlocal_file = '\\u0000'"),
            *('[screen]\ntheme = "\\u0000"', "[keys]\n" + "a." * 3_000 + 'b = "f1"', "model = 3"),
            *("keys = 3", "[[model]]", "[speech]\nsample_rate_hz = 0", "[sound]\ndevice = 3"),
            *('[speech]\nurl = "ws://h:99999/"', '[speech]\nurl = "ws://h/?sample_rate=²"'),
        ]
    )
    path.write_text(text)
    return repr(text[:40])


def _bundle_file(directory: Path, chance: random.Random) -> str:
    return _irregular(directory / "talk.gramophone", chance)


def _chats_file(directory: Path, chance: random.Random) -> str:
    return _irregular(directory / "chats.json", chance)


def _chats_values(directory: Path, chance: random.Random) -> str:
    """One value somewhere in the JSON is another."""
    chats: list[Any] = json.loads((directory / "chats.json").read_text())
    holders: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        pairs = list[tuple[Any, Any]]()
        holder = value
        if isinstance(value, dict):
            pairs = [*cast("dict[Any, Any]", value).items()]
        elif isinstance(value, list):
            pairs = [*enumerate(cast("list[Any]", value))]
        for key, inner in pairs:
            holders.append((holder, key))
            walk(inner)

    walk(chats)
    holder, key = chance.choice(holders)
    odd: Any = chance.choice(_ODD)
    holder[key] = odd
    (directory / "chats.json").write_text(json.dumps(chats))
    return f"{key!r} = {odd!r}"


def _home(directory: Path, chance: random.Random) -> str:
    home = directory / "home"
    match chance.choice(["closed", "read only", "audio file", "locks file", "no audio", "file"]):
        case "closed":
            home.chmod(0)
            return "home one may not enter"
        case "read only":
            home.chmod(0o500)
            return "home one may not write"
        case "audio file":
            (home / "audio").rename(home / "audio-before")
            (home / "audio").touch()
            return "audio is a file"
        case "locks file":
            for lock in (home / "locks").iterdir():
                lock.unlink()
            (home / "locks").rmdir()
            (home / "locks").touch()
            return "locks is a file"
        case "no audio":
            (home / "audio").rename(home / "audio-before")
            return "audio is gone"
        case _:
            home.rename(directory / "home-before")
            home.write_text("x")
            return "home is a file"


MUTATIONS: dict[str, Mutation] = {
    "database bytes": _database_bytes,
    "row": _row,
    "schema bytes": _schema_bytes,
    "sound bytes": _sound_bytes,
    "row again": _row,
    "schema text": _schema_text,
    "config": _config_file,
    "bundle bytes": _bundle_bytes,
    "shape": _shape,
    "page": _page,
    "file": _file,
    "row once more": _row,
    "chats bytes": _chats_bytes,
    "chats values": _chats_values,
    "config bytes": _config_bytes,
    "home": _home,
    "bundle file": _bundle_file,
    "chats file": _chats_file,
}
