"""A key in pieces is hidden wherever the recorder parts what came at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    FrameSent,
    ModelChunkReceived,
    SessionEnded,
    TurnCompleted,
    TurnStarted,
)
from gramophone.text.redaction import MARK
from storage.library import StoredLibrary
from tests.support.builders import session_started
from tests.support.pieces_of_keys import KEY, cut, files_with_pieces, leaks_across
from tests.support.recordings import SESSION_ID, record

SAID = f"{'Some words that hide nothing. ' * 3}{KEY}"
TIMES = 20


def answered(pieces: Sequence[str]) -> list[Event]:
    events: list[Event] = [session_started(), TurnStarted(at_us=1, turn=1, role="assistant")]
    for at_us, piece in enumerate(pieces, 2):
        raw = json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]})
        spoken = json.dumps({"type": "Speak", "text": piece})
        events += [
            ModelChunkReceived(at_us=at_us, turn=1, raw=raw),
            DeltaReceived(at_us=at_us, turn=1, text=piece),
            FrameSent(at_us=at_us, connection=0, text=spoken),
        ]
    whole = "".join(pieces)
    return [
        *events,
        TurnCompleted(
            at_us=len(events), turn=1, role="assistant", text=whole, finish_reason="stop"
        ),
        SessionEnded(at_us=len(events)),
    ]


async def test_thousands_of_events_at_once_hold_no_piece_of_a_key(tmp_path: Path) -> None:
    answer = SAID * TIMES
    events = answered(cut(answer, 1))
    await record(tmp_path, events, secrets=(KEY,))
    async with await StoredLibrary.open(tmp_path) as library:
        stored = list(await library.events(SESSION_ID, with_pcm=False))
    assert [(type(event), event.at_us) for event in stored] == [
        (type(event), event.at_us) for event in events
    ]
    hidden = answer.replace(KEY, "***")
    deltas = "".join(event.text for event in stored if isinstance(event, DeltaReceived))
    sent = [json.loads(event.text) for event in stored if isinstance(event, FrameSent)]
    raw = [json.loads(event.raw) for event in stored if isinstance(event, ModelChunkReceived)]
    assert MARK.sub("***", deltas) == hidden
    assert MARK.sub("***", "".join(frame["text"] for frame in sent)) == hidden
    assert not leaks_across(raw)
    assert files_with_pieces(tmp_path) == []
