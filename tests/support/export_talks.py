"""Sessions whose sound is known sample by sample."""

from __future__ import annotations

import random
from pathlib import Path

from gramophone.core.timeline import AudioReceived, Event, SessionEnded, TurnCompleted, TurnStarted
from gramophone.library.export_request import ExportRequest, ExportResult
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record

OTHER_ID = "07e5000000000000"


def noise(seed: int, samples: int) -> bytes:
    """16-bit PCM that no two seeds share."""
    return random.Random(seed).randbytes(2 * samples)


FIRST, SECOND = noise(1, 2_880), noise(2, 7_201)
ANSWERS = ("A gramophone plays records. It turns.", "Ja, natürlich.")


def talk(session_id: str = SESSION_ID, rate_hz: int = 48_000, **changes: object) -> list[Event]:
    """Two answers, heard from 1.44 s and from 5.44 s on; the first takes 60 ms."""
    return [
        session_started(session_id, sample_rate_hz=rate_hz, **changes),
        *spoken_exchange(answer=ANSWERS[0], frames=(FIRST[:3_000], FIRST[3_000:])),
        *spoken_exchange("Really?", ANSWERS[1], first_turn=2, start_us=5_000_000, frames=(SECOND,)),
        SessionEnded(at_us=9_000_000),
    ]


def asked_aloud(voice: bytes, answer: bytes) -> list[Event]:
    """A question that was recorded at 0.5 s, and the answer, heard from 2.44 s on."""
    exchange = spoken_exchange(frames=(answer,), start_us=2_000_000)
    question = [
        TurnStarted(at_us=400_000, turn=0, role="user"),
        AudioReceived(
            at_us=500_000, turn=0, connection=0, offset_bytes=0, size_bytes=len(voice), pcm=voice
        ),
        TurnCompleted(
            at_us=1_900_000, turn=0, role="user", text="What is it?", finish_reason="sent"
        ),
    ]
    return [session_started(), *question, *exchange[2:], SessionEnded(at_us=9_000_000)]


async def exported(home: Path, order: ExportRequest, *ids: str) -> ExportResult:
    async with await StoredLibrary.open(home) as library:
        return await library.export(ids or (SESSION_ID,), order)


async def one_file(directory: Path, form: str, *ids: str, **options: object) -> Path:
    """Export what was recorded in `directory`/home into one file, and where that is."""
    path = directory / f"out.{form}"
    order = ExportRequest(form, path, replace=True, **options)  # pyright: ignore[reportArgumentType]
    await exported(directory / "home", order, *ids)
    return path


async def recorded_talk(directory: Path) -> None:
    await record(directory / "home", talk())
