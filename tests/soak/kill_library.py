"""The library that programs are killed on, and what must be true of it afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import wave
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gramophone.core.errors import SessionNotFound
from gramophone.library.export_request import ExportRequest
from storage.home import Home
from storage.library import StoredLibrary
from storage.sessions import edits
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import record

WITNESS, TARGET, DISCARDED = "aaaa0001", "bbbb0002", "dddd0004"
"""The session that no command names, the one that commands change, one that was deleted in an app
long ago."""
_LONG_AGO = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Template:
    """What every case begins with: `directory` holds `home/`, `talk.gramophone`, `chats.json`."""

    directory: Path
    digest: str = ""

    def copied(self, directory: Path) -> Path:
        """A copy below `directory`; its data directory."""
        shutil.copytree(self.directory, directory)
        return directory / "home"


async def build_template(directory: Path) -> Template:
    """Five spoken sessions, one of them ready to be removed, a bundle and an export of chats."""
    home = directory / "home"
    for number, session_id in enumerate((WITNESS, TARGET, "cccc0003", DISCARDED, "eeee0005")):
        frames = tuple(bytes([turn, number]) * 24_000 for turn in range(1, 6))
        exchanges = [
            event
            for turn in (0, 2, 4)
            for event in spoken_exchange(
                f"Question {turn} of {session_id}?", first_turn=turn, frames=frames,
                start_us=1_000_000 * (turn + 1),
            )
        ]  # fmt: skip
        await record(home, [session_started(session_id), *exchanges])
    async with await StoredLibrary.open(home) as library:
        await library.export([TARGET], ExportRequest("bundle", directory / "talk.gramophone"))
    edits.discard(Home.at(home), [DISCARDED], _LONG_AGO)
    chats = [
        {
            "uuid": f"00000000-0000-4000-8000-{number:012d}", "name": f"Chat {number}",
            "created_at": "2026-11-01T10:00:00Z",
            "chat_messages": [
                {"sender": "human", "text": "Hello", "created_at": "2026-11-01T10:00:00Z"},
                {"sender": "assistant", "text": "Hi " * 50, "created_at": "2026-11-01T10:00:01Z"},
            ],
        }
        for number in range(400)
    ]  # fmt: skip
    (directory / "chats.json").write_text(json.dumps(chats))
    return Template(directory, await digest_of(home, WITNESS))


async def digest_of(home: Path, session_id: str) -> str:
    """A hash of a session's turns, events and samples."""
    async with await StoredLibrary.open(home) as library:
        record_ = await library.session(session_id)
        events = await library.events(session_id)
    turns = [(turn.turn, turn.role, turn.text, turn.finish_reason) for turn in record_.turns]
    digest = hashlib.sha256(repr(turns).encode())
    for event in events:
        digest.update(repr(event).encode())
        digest.update(getattr(event, "pcm", b""))
    return digest.hexdigest()


@dataclass(slots=True)
class Condition:
    """What a library is like after a kill. `broken` are sentences about broken promises."""

    sessions: int = 0
    findings: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])


def examine(template: Template, home: Path) -> Condition:
    """Open a library with every reader, as the next program does, and look at all of it."""
    condition = Condition()
    try:
        asyncio.run(_examine(template, home, condition))
    except Exception as error:
        condition.broken.append(f"a reader failed: {type(error).__name__}: {error}")
    for path in home.glob("audio/*/*.wav"):
        try:
            with wave.open(str(path), "rb") as sound:
                sound.readframes(sound.getnframes())
        except (wave.Error, EOFError) as error:
            condition.broken.append(f"{path} cannot be read: {error}")
    with closing(sqlite3.connect(home / "library.db")) as database:
        (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
        if integrity != "ok":
            condition.broken.append(f"integrity: {integrity}")
    return condition


async def _examine(template: Template, home: Path, condition: Condition) -> None:
    async with await StoredLibrary.open(home) as library:
        sessions = await library.sessions(limit=10_000)
        condition.sessions = len(sessions)
        await library.sessions(search="question")
        await library.totals()
        await library.statistics()
        await library.prompts(limit=100)
        for session in sessions[:12]:
            read = await library.session(session.id)
            await library.events(session.id)
            await library.peaks(session.id)
            if read.summary.turns != len(read.turns):
                condition.broken.append(f"{session.id} lists {read.summary.turns} turns")
        condition.findings = [finding.detail for finding in await library.verify()]
    try:
        if await digest_of(home, WITNESS) != template.digest:
            condition.broken.append(f"the session {WITNESS} is not what it was")
    except SessionNotFound:
        condition.broken.append(f"the session {WITNESS} is gone")
