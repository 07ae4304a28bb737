"""A key that comes in pieces of any size stands in no row, no file and no export."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    CallEnded,
    CallRequested,
    DeltaReceived,
    Event,
    FrameSent,
    GiveBackReceived,
    ModelChunkReceived,
    SessionEnded,
    TextSpoken,
    ThoughtReceived,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.library.export_request import FORMS, ExportRequest
from gramophone.text.redaction import MARK, Redactor
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.recording.recorder import Recorder
from tests.support.answers_in_pieces import CHUNKS, answered
from tests.support.builders import session_started
from tests.support.pieces_of_keys import (
    KEY,
    cut,
    files_with_pieces,
    holds_a_piece,
    in_pieces_of_every_size,
    json_lines,
    leaks_across,
)
from tests.support.recordings import NOON, SESSION_ID, everything_in, record

SAID = f"My key is {KEY}, not sk-{KEY}. Nor {KEY}{KEY}! "
SIZES = [1, 2, 3, 5, 7, 8, 9, 13, 20, 27, 28, 29, 30, 200]


async def stored_events(home: Path) -> list[Event]:
    async with await StoredLibrary.open(home) as library:
        return list(await library.events(SESSION_ID, with_pcm=False))


def unmarked(text: str) -> str:
    return MARK.sub("***", text)


@pytest.mark.parametrize("provider", CHUNKS)
async def test_what_is_kept_of_pieces_is_what_is_kept_of_the_whole(
    provider: str, tmp_path: Path
) -> None:
    pieces = in_pieces_of_every_size(SAID)
    events = answered(pieces, CHUNKS[provider])
    await record(tmp_path, events, secrets=(KEY,))
    stored = await stored_events(tmp_path)
    assert [(type(event), event.at_us) for event in stored] == [
        (type(event), event.at_us) for event in events
    ]
    clean = unmarked(Redactor([KEY])("".join(pieces)))
    for kind in (DeltaReceived, TextSpoken):
        assert unmarked("".join(e.text for e in stored if isinstance(e, kind))) == clean
    raw = [json.loads(event.raw) for event in stored if isinstance(event, ModelChunkReceived)]
    sent = [json.loads(event.text) for event in stored if isinstance(event, FrameSent)]
    assert not leaks_across(raw)
    assert unmarked("".join(frame["text"] for frame in sent)) == clean
    # A chunk is what it was, but for what is hidden.
    shapes = [CHUNKS[provider]("") for _ in raw]
    assert [list(fields) for fields in raw] == [list(fields) for fields in shapes]
    (text,) = (event.text for event in stored if isinstance(event, TurnCompleted) and event.turn)
    assert unmarked(text) == clean
    assert files_with_pieces(tmp_path) == []


@pytest.mark.parametrize("size", [1, 3, 8, 29])
async def test_no_piece_of_thoughts_and_calls_is_kept(size: int, tmp_path: Path) -> None:
    pieces = cut(SAID, size)
    arguments = json.dumps({"header": SAID})
    events = answered(["Yes."], CHUNKS["chat"])
    events[4:4] = [
        *(ThoughtReceived(at_us=5, turn=1, text=piece) for piece in pieces),
        AnswerRetracted(at_us=6, turn=1, text=SAID),
        GiveBackReceived(at_us=6, turn=1, item=arguments),
        CallRequested(at_us=7, turn=1, call=0, id=KEY, name=KEY, arguments=arguments),
        CallEnded(at_us=8, turn=1, call=0, result=SAID),
        AnswerIncomplete(at_us=9, turn=1, cause="calls", detail=SAID),
    ]
    await record(tmp_path, events, secrets=(KEY,))
    stored = await stored_events(tmp_path)
    thoughts = "".join(event.text for event in stored if isinstance(event, ThoughtReceived))
    assert unmarked(thoughts) == unmarked(Redactor([KEY])(SAID))
    assert files_with_pieces(tmp_path) == []


@pytest.mark.parametrize("size", SIZES)
async def test_no_export_and_no_backup_holds_a_piece(size: int, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir(mode=0o700)
    out.mkdir()
    await record(home, answered(cut(SAID, size), CHUNKS["chat"]), secrets=(KEY,))
    async with await StoredLibrary.open(home) as library:
        for form in FORMS.values():
            if not form.sound:
                path = out / f"session{form.suffix}"
                await library.export([SESSION_ID], ExportRequest(form.name, path))
    await asyncio.to_thread(back_up, Home.at(home), out / "backup")
    assert files_with_pieces(tmp_path) == []
    timeline = json_lines(out / "session.jsonl")
    assert not leaks_across(timeline)
    printed = "".join(line[2] for line in json_lines(out / "session.cast")[1:] if line[1] == "o")
    assert not holds_a_piece(printed.replace("\r\n", ""))
    assert len(MARK.findall(printed.replace("\r\n", ""))) >= 6


async def test_no_piece_is_on_the_disk_at_any_instant(tmp_path: Path) -> None:
    recorder = Recorder.open(tmp_path, wall_clock=lambda: NOON, redact=[KEY])
    async with recorder:
        for event in answered(cut(SAID, 3), CHUNKS["chat"]):
            recorder.emit(event)
            await recorder.flush()
            assert files_with_pieces(tmp_path) == []
        stored = await stored_events(tmp_path)
    for kind in (DeltaReceived, TextSpoken):
        assert not holds_a_piece("".join(e.text for e in stored if isinstance(e, kind)))


async def test_what_waits_is_kept_when_the_recorder_is_closed(tmp_path: Path) -> None:
    events = answered(cut(f"It is {KEY[:6]}", 2), CHUNKS["chat"])[:-3]
    await record(tmp_path, events, secrets=(KEY,))
    stored = await stored_events(tmp_path)
    assert "".join(e.text for e in stored if isinstance(e, DeltaReceived)) == f"It is {KEY[:6]}"
    assert len(stored) == len(events)


async def test_the_end_of_one_turn_is_not_that_of_another(tmp_path: Path) -> None:
    def piece(turn: int, text: str) -> list[Event]:
        raw = json.dumps(CHUNKS["chat"](text))
        return [
            ModelChunkReceived(at_us=2, turn=turn, raw=raw),
            DeltaReceived(at_us=2, turn=turn, text=text),
        ]

    def over(turn: int, text: str) -> TurnCompleted:
        return TurnCompleted(at_us=3, turn=turn, role="assistant", text=text, finish_reason="stop")

    events = [
        session_started(),
        *(TurnStarted(at_us=1, turn=turn, role="assistant") for turn in (1, 3)),
        *piece(1, f"It is {KEY[:15]}"),
        *piece(3, "Hi."),
        over(3, "Hi."),
        TurnInterrupted(at_us=3, turn=1, heard_text="It", heard_samples=9),
        *piece(1, KEY[15:]),
        over(1, f"It is {KEY}"),
        SessionEnded(at_us=4),
    ]
    await record(tmp_path, events, secrets=(KEY,))
    stored = await stored_events(tmp_path)
    deltas = "".join(e.text for e in stored if isinstance(e, DeltaReceived) and e.turn == 1)
    assert unmarked(deltas) == "It is ***"
    assert files_with_pieces(tmp_path) == []
    assert len(stored) == len(events)


async def test_what_was_heard_ends_within_a_key(tmp_path: Path) -> None:
    events = answered(cut(SAID, 4), CHUNKS["chat"])[:-3]
    heard_text = SAID[: SAID.index(KEY) + 20]
    stopped = TurnInterrupted(at_us=9_000, turn=1, heard_text=heard_text, heard_samples=9)
    await record(tmp_path, [*events, stopped], secrets=(KEY,))
    assert files_with_pieces(tmp_path) == []


async def test_keys_that_nobody_knew_are_hidden_in_pieces_too(tmp_path: Path) -> None:
    answer = (
        "Use Bearer abcdef0123456789abcdef, or api_key=zyxwvu98765432, or sk-proj-q1w2e3r4t5y6u7i8."
    )
    for size in (1, 2, 5, 11):
        home = tmp_path / str(size)
        home.mkdir(mode=0o700)
        await record(home, answered(cut(answer, size), CHUNKS["messages"]))
        stored = await stored_events(home)
        text = "".join(e.text for e in stored if isinstance(e, DeltaReceived))
        assert unmarked(text) == "Use Bearer ***, or api_key=***, or ***"
        for secret in ("abcdef01", "zyxwvu98", "q1w2e3r4"):
            assert not [p for p, c in everything_in(home).items() if secret.encode() in c]
