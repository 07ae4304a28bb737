"""Hostile exports of chats, bundles, settings and scenarios, given to real commands.

Each ends with one sentence, a library that is what it was, nothing left beside it, and no more than
`MOST_MEMORY_MB` of memory. An export of 2 GB that is what it seems has to come in.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from storage.bundle.layout import EVENTS, MANIFEST, SESSION, TURNS
from storage.sqlite.schema import FORMAT_VERSION
from tests.soak.figures import Figures
from tests.support.hostile_servers import MOST_MEMORY_MB
from tests.support.programs import Gramophone, environment

Make: TypeAlias = Callable[[Path], Path]

_MB = 1 << 20
_BLOCK = b" " * _MB
_SESSION_ID = "0123456789abcdef"
_PATIENCE_S = 900.0


def run(seed: int, effort: float) -> Figures:
    """Give every file to the program; `effort` says how many of them, and how large the true
    export is."""
    chosen = random.Random(seed)
    figures = Figures({"files": 0, "MB at most": 0})
    attacks = list(ATTACKS)
    for name in chosen.sample(attacks, max(1, min(len(attacks), round(effort * len(attacks))))):
        with tempfile.TemporaryDirectory() as directory:
            _attack(name, Path(directory), figures)
    with tempfile.TemporaryDirectory() as directory:
        _take_in_a_true_export(Path(directory), max(20, round(2000 * effort)), figures)
    return figures


# --- the program ------------------------------------------------------------------------------


def measured(directory: Path, *arguments: str) -> tuple[int, str, int]:
    """Run a command on the library at `directory`: exit code, stderr, and the most memory in MB."""
    memory = directory / "memory"
    completed = subprocess.run(
        [sys.executable, "-m", "tests.support.measured_program", str(memory), *arguments],
        env=environment(directory / "home"),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    return completed.returncode, completed.stderr, int(memory.read_text(encoding="ascii"))


def command_of(path: Path) -> tuple[str, ...]:
    """What a person would do with such a file."""
    if path.suffix in (".toml", ".json") and "scenario" in path.name:
        return "fixture", "serve", str(path)
    return "import", str(path)


def _attack(name: str, directory: Path, figures: Figures) -> None:
    library = Gramophone(directory / "home")
    first = directory / "first.json"
    first.write_text(json.dumps([_chat(0)]))
    assert library("import", str(first)).returncode == 0
    before = _state(library)
    path = ATTACKS[name](directory)
    code, stderr, used_mb = measured(directory, *command_of(path))
    figures.counts["files"] += 1
    if name in HARMLESS and code == 0:
        before = _state(library)
    figures.counts["MB at most"] = max(used_mb, figures.counts["MB at most"])
    lines = [line for line in stderr.splitlines() if line.strip()]
    allowed = (0, 1) if name in HARMLESS else (1, 2)
    if code not in allowed or not lines or any(len(line) > 500 for line in lines):
        figures.broken.append(f"{name}: exit code {code}, {stderr!r:.300}")
    if "Traceback" in stderr or used_mb > MOST_MEMORY_MB:
        figures.broken.append(f"{name}: {used_mb} MB, {stderr!r:.300}")
    if _state(library) != before or library("verify").returncode:
        figures.broken.append(f"{name}: the library changed, {stderr!r:.300}")


def _state(library: Gramophone) -> tuple[str, list[str]]:
    """The sessions, and the names of all files but SQLite's own."""
    names = sorted(str(path) for path in library.home.rglob("*") if "library.db" not in path.name)
    return library("sessions", "--json").stdout, names


def _take_in_a_true_export(directory: Path, size_mb: int, figures: Figures) -> None:
    """So many conversations of a megabyte, streamed; memory does not grow with the file."""
    path = directory / "conversations.json"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(size_mb):
            file.write(("," if number else "") + json.dumps(_chat(number, chars=1_000_000)))
        file.write("]")
    code, stderr, used_mb = measured(directory, "import", str(path))
    figures.counts["MB at most"] = max(used_mb, figures.counts["MB at most"])
    figures.counts["MB of a true export"] = size_mb
    path.unlink()
    if code or used_mb > MOST_MEMORY_MB or f"imported {size_mb:,} conversation" not in stderr:
        figures.broken.append(f"an export of {size_mb} MB: {code}, {used_mb} MB, {stderr!r:.300}")


# --- exports of chats -------------------------------------------------------------------------


def _chat(number: int, chars: int = 100) -> dict[str, object]:
    """A conversation of Claude's export."""
    question = f"Question {number}. " + "Some words of it. " * (chars // 18)
    return {
        "uuid": f"{number:08x}-0000-4000-8000-000000000000",
        "name": f"Chat {number}",
        "created_at": "2025-01-01T00:00:00Z",
        "chat_messages": [
            {"uuid": "a", "sender": "human", "text": question, "created_at": "2025-01-01T00:00:01Z"}
        ],
    }


def chats(value: Iterator[bytes], directory: Path) -> Path:
    """A file of JSON in these pieces."""
    path = directory / "conversations.json"
    with path.open("wb") as file:
        file.writelines(value)
    return path


def _zipped(members: Iterator[tuple[str, Iterator[bytes]]], directory: Path) -> Path:
    path = directory / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, blocks in members:
            with packed.open(name, "w", force_zip64=True) as file:
                for block in blocks:
                    file.write(block)
    return path


_TALK = (
    b'[{"uuid":"00000001-0000-4000-8000-000000000000","name":"x","chat_messages":[{"uuid":"a",'
    b'"sender":"human","text":"'
)


def _talk(text: bytes, size_bytes: int, more: bytes = b"") -> Iterator[bytes]:
    """A conversation whose one message is `text` again and again."""
    yield _TALK
    block = text * (_MB // len(text))
    for _ in range(max(1, size_bytes // len(block))):
        yield block
    yield b'"' + more + b"}]}]"


def _many(
    item: bytes, size_bytes: int, opening: bytes = b"[", closing: bytes = b"]"
) -> Iterator[bytes]:
    """`item` again and again, parted by commas."""
    yield opening
    block = (item + b",") * (_MB // (len(item) + 1))
    for _ in range(max(1, size_bytes // len(block))):
        yield block
    yield item + closing


def _of_values(item: bytes, size_mb: int) -> Iterator[bytes]:
    """A conversation with a value that nobody asked for, of many small ones."""
    yield _TALK + b'Hi."}],"more":'
    yield from _many(item, size_mb * _MB)
    yield b"}]"


CHATS: dict[str, Make] = {
    "a zip bomb": lambda directory: _zipped(
        iter([("conversations.json", (_BLOCK for _ in range(1024)))]), directory
    ),
    "a zip of a million files": lambda directory: _many_entries(directory, 1_000_000),
    "a zip of thousands of JSON files": lambda directory: _zipped(
        ((f"{n}.json", iter([b"[]"])) for n in range(2000)), directory
    ),
    "a conversation of 1 GB": lambda directory: chats(_talk(b"words ", 1024 * _MB), directory),
    "a conversation of 60 MB": lambda directory: chats(_talk(b"words ", 60 * _MB), directory),
    "a conversation of 15 MB": lambda directory: chats(_talk(b"words ", 15 * _MB), directory),
    "a text of 7 MB of four bytes each": lambda directory: chats(
        _talk("😀".encode(), 7 * _MB), directory
    ),
    "a text of 7 MB with one of four bytes": lambda directory: chats(
        _talk(b"words ", 7 * _MB, ',"x":"😀"'.encode()), directory
    ),
    "nested values": lambda directory: chats(iter([b"[" * 64 * _MB]), directory),
    "nested objects in a conversation": lambda directory: chats(
        iter([_TALK + b'"}],"a":' + b'{"a":' * 5_000_000]), directory
    ),
    "empty objects in a conversation": lambda directory: chats(_of_values(b"{}", 30), directory),
    "empty objects in a smaller one": lambda directory: chats(_of_values(b"{}", 6), directory),
    "texts in a conversation": lambda directory: chats(_of_values(b'"abc"', 30), directory),
    "broken conversations": lambda directory: chats(_many(b'{"mapping":1}', 256 * _MB), directory),
    "small conversations": lambda directory: chats(_small_chats(1_000_000), directory),
    "many messages": lambda directory: chats(_messages(200_000), directory),
}


def _small_chats(count: int) -> Iterator[bytes]:
    yield b"["
    for number in range(count):
        yield (
            b'{"uuid":"%d","chat_messages":[{"uuid":"a","sender":"human","text":"Hi %d"}]},'
            % (number, number)
        )
    yield b"0]"


def _messages(count: int) -> Iterator[bytes]:
    yield _TALK + b'Hi."}'
    for number in range(count):
        yield b',{"uuid":"%d","sender":"human","text":"Hi %d"}' % (number, number)
    yield b"]}]"


def _many_entries(directory: Path, count: int) -> Path:
    """A zip whose directory names so many files; all are the same bytes of the file."""
    path = directory / "export.zip"
    with path.open("wb") as file:
        file.write(b"PK\3\4" + bytes(26))
        start = file.tell()
        for number in range(count):
            name = b"%d.json" % number
            head = b"PK\1\2" + bytes(24) + len(name).to_bytes(2, "little") + bytes(16)
            file.write(head + name)
        length = file.tell() - start
        end = file.tell()
        file.write(b"PK\6\6" + (44).to_bytes(8, "little") + bytes(12))
        file.write(count.to_bytes(8, "little") * 2 + length.to_bytes(8, "little"))
        file.write(start.to_bytes(8, "little"))
        file.write(b"PK\6\7" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little"))
        file.write(b"PK\5\6" + bytes(4) + b"\xff\xff" * 2 + b"\xff\xff\xff\xff" * 2 + bytes(2))
    return path


# --- bundles ----------------------------------------------------------------------------------


def _session() -> bytes:
    values = {
        "id": _SESSION_ID,
        "created_at": "2025-01-01T00:00:00.000+00:00",
        "provider": "openai",
        "model": "m",
        "voice": "v",
        "encoding": "linear16",
        "sample_rate_hz": 48_000,
        "system_prompt": "",
        "format_version": FORMAT_VERSION,
    }
    return json.dumps(values).encode()


def bundle(
    directory: Path,
    *,
    turns: Callable[[], Iterator[bytes]] = lambda: iter(()),
    events: Callable[[], Iterator[bytes]] = lambda: iter(()),
    session: bytes = b"",
    more_parts: int = 0,
    size_lie: int = 0,
) -> Path:
    """A bundle of these lines, whose manifest is right but for `size_lie`."""
    path = directory / "hostile.gramophone"
    parts: list[dict[str, object]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        named: list[tuple[str, Iterator[bytes]]] = [
            (SESSION, iter([session or _session()])),
            (TURNS, turns()),
            (EVENTS, events()),
            *((f"audio/{n}.wav", iter([b"RIFF"])) for n in range(more_parts)),
        ]
        for name, blocks in named:
            digest, size_bytes = hashlib.sha256(), 0
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(info, "w") as file:
                for block in blocks:
                    digest.update(block)
                    size_bytes += file.write(block)
            size_bytes -= size_lie
            parts.append({"name": name, "size_bytes": size_bytes, "sha256": digest.hexdigest()})
        manifest = {"format": "gramophone bundle", "version": 1, "parts": parts}
        packed.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest))
    return path


def _line(opening: bytes, filling: bytes, size_mb: int, closing: bytes) -> Iterator[bytes]:
    yield opening
    block = filling * (_MB // len(filling))
    for _ in range(size_mb):
        yield block
    yield closing + b"\n"


def _turn_line(turn: int, text: str, reason: str = "stop") -> bytes:
    values = {
        "turn": turn, "role": "assistant", "text": text, "finish_reason": reason, "started_us": 0,
    }  # fmt: skip
    return json.dumps(values).encode() + b"\n"


_TURN = b'{"turn":0,"role":"user","started_us":0,"text":"'
_EVENT = b'{"event":"TurnStarted","at_us":0,"turn":0,"role":"user","text":"'
_BAD_EVENT = b'{"event":"none"}\n'


def _noise(size_mb: int) -> Iterator[bytes]:
    """Lines that hardly pack, so that a bundle may be large when it is unpacked."""
    chosen = random.Random(1)
    for _ in range(size_mb):
        yield b'{"event":"' + chosen.randbytes(_MB // 2).hex().encode() + b'"}\n'


BUNDLES: dict[str, Make] = {
    "a bundle that is a bomb": partial(bundle, turns=lambda: _line(_TURN, b"x", 1000, b'"}')),
    "a turn of 60 MB": partial(bundle, turns=lambda: _line(_TURN, b"x", 60, b'"}')),
    "a turn of 15 MB": partial(
        bundle, turns=lambda: _line(_TURN, b"x", 15, b'"}'), events=lambda: iter([_BAD_EVENT])
    ),
    "a turn of 15 MB with four bytes": partial(
        bundle,
        turns=lambda: _line(_TURN, b"x", 15, '😀"}'.encode()),
        events=lambda: iter([_BAD_EVENT]),
    ),
    "an event of 60 MB": partial(bundle, events=lambda: _line(_EVENT, b"x", 60, b'"}')),
    "an event of many values": partial(
        bundle, events=lambda: _line(_EVENT + b'","more":[', b"{},", 15, b"0]}")
    ),
    "a session of many tags": partial(
        bundle, session=_session()[:-1] + b',"tags":[' + b'"a",' * 3_000_000 + b'"a"]}'
    ),
    "a million turns": partial(
        bundle,
        turns=lambda: (_turn_line(n, "Hi.") for n in range(1 << 20)),
        events=lambda: iter([_BAD_EVENT]),
    ),
    "a million interrupted turns": partial(
        bundle,
        turns=lambda: (_turn_line(n, "x" * 40, "interrupted") for n in range(1 << 20)),
        events=lambda: iter([_BAD_EVENT]),
    ),
    "large interrupted turns": partial(
        bundle,
        turns=lambda: (_turn_line(n, "x" * 900_000, "interrupted") for n in range(200)),
        events=lambda: iter([_BAD_EVENT]),
    ),
    "large turns without an end": partial(bundle, turns=lambda: _noise(100)),
    "thousands of parts": partial(bundle, more_parts=60_000),
    "parts that are larger than they say": partial(
        bundle, turns=lambda: _line(_TURN, b"x", 3, b'"}'), size_lie=1
    ),
}


# --- others -----------------------------------------------------------------------------------


def _scenario(text: Iterator[bytes], directory: Path, name: str) -> Path:
    path = directory / name
    with path.open("wb") as file:
        file.writelines(text)
    return path


OTHERS: dict[str, Make] = {
    "a scenario of 1 GB": lambda directory: _scenario(
        (_BLOCK for _ in range(1024)), directory, "scenario.toml"
    ),
    "a scenario of many values": lambda directory: _scenario(
        _many(b"{}", _MB - 100, b'{"answer":['), directory, "scenario.json"
    ),
    "a nested scenario": lambda directory: _scenario(
        iter([b"a=" + b"[" * 500_000]), directory, "scenario.toml"
    ),
}

HARMLESS = frozenset({name for name in CHATS if name.startswith("a text of 7 MB")})
"""Large, and yet what an export may be: they come in, or are refused."""

ATTACKS: dict[str, Make] = {**CHATS, **BUNDLES, **OTHERS}
