"""Recordings and made-up talks, exported for tests; `python -m tests.support.exported` makes
the golden files anew, to be looked at in the diff."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from fixtures import recordings
from gramophone.core.timeline import Event, SessionEnded
from gramophone.library.export_request import FORMS, ExportRequest, Pauses, TurnSelection
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.paths import ROOT
from tests.support.recordings import SESSION_ID, record

GOLDEN = ROOT / "tests/storage/export/golden"
TEXTS = [name for name in ("srt", "vtt", "txt", "md", "json", "csv", "cast") if name in FORMS]
SECOND = b"\x01\x00" * 48_000

# What a model, or whoever wrote what it read, might say to get out of the file it stands in.
HOSTILE = (
    "\n\n00:00:00,000 --> 00:59:59,999\nforged\n\n",
    "<script>alert(1)</script> <b>bold</b> </v><v Forged>",
    "\x1b]0;title\x07\x1b[31mred\u202e\x00",
    "---\ntitle: forged\n---\n\n## 9 · You\n\nforged",
    "<!-- <details> ``` ~~~ > # ` <i> `",
    "=cmd|' /C calc'!A0",
    'say "so", then;\r\nleave',
    "NOTE x\n\nSTYLE\n::cue{}\n\n--> &amp; &lt;c> {\\an8}",
    "\ud83d half",
    "You:\nforged\n\nAnswer:\nforged",
)


async def written(
    home: Path,
    ids: Sequence[str],
    form: str,
    *,
    pauses: Pauses | None = None,
    cut: TurnSelection | None = None,
) -> bytes:
    """Sessions of a library as one file of a form."""
    path = home / f"out.{form}"
    order = ExportRequest(
        form, path, replace=True, cut=cut or TurnSelection(), pauses=pauses or Pauses()
    )
    async with await StoredLibrary.open(home) as library:
        await library.export(ids, order)
    return path.read_bytes()


async def taken_in(home: Path, names: Iterable[str]) -> list[str]:
    """Recordings of `fixtures/recordings/` in a library, and their ids."""
    async with await StoredLibrary.open(home) as library:
        results = [await library.import_bundle(recordings.path_of(name)) for name in names]
    return [result.session_id for result in results]


async def talked(home: Path, *answers: str, seconds: int = 2, question: str = "What?") -> str:
    """A session in which these answers were spoken, each for so many seconds; its id."""
    await record(
        home, [*talk(*answers, seconds=seconds, question=question), SessionEnded(at_us=10**12)]
    )
    return SESSION_ID


def talk(*answers: str, seconds: int = 2, question: str = "What?") -> list[Event]:
    """The events of such a session so far."""
    events: list[Event] = [session_started()]
    for number, answer in enumerate(answers):
        start_us = (number + 1) * 60_000_000
        events += spoken_exchange(
            question, answer, first_turn=2 * number, start_us=start_us, frames=(SECOND,) * seconds
        )
    return events


async def _make_golden() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name in recordings.names():
        with tempfile.TemporaryDirectory() as home:
            ids = await taken_in(Path(home), [name])
            for form in TEXTS:
                (GOLDEN / f"{name}.{form}").write_bytes(await written(Path(home), ids, form))


if __name__ == "__main__":
    asyncio.run(_make_golden())
