"""What is written down of what comes and goes, and what never is."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gramophone.core.clock import ManualClock
from gramophone.standin.deepgram.routes import speak_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.credentials import Secrets
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.server.traffic_log import TrafficLog
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Speak
from tests.support.http_client import line
from tests.support.pieces_of_keys import cut, joined_texts
from tests.support.speak_client import talking

KEY = "canary-5e55-in-the-mine"


class Book:
    """A traffic log and its lines."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        self.log = TrafficLog(self.file, ManualClock(7))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(written) for written in self.file.getvalue().splitlines()]

    def events(self) -> list[str]:
        return [written["event"] for written in self.lines()]


@asynccontextmanager
async def written(api_key: str | None = None) -> AsyncGenerator[tuple[Book, Address], None]:
    book = Book()
    voice = ToneVoice(character_ms=6, gap_ms=4)
    routes = speak_routes(voice, StandinOptions(api_key=api_key), ManualClock())
    async with listening(routes, traffic_log=book.log) as address:
        yield book, address


async def test_a_websocket_is_written_down_from_its_beginning_to_its_end() -> None:
    async with written() as (book, address):
        async with talking(address.websocket(SPEAK_PATH), "sample_rate=24000") as talk:
            await talk.say(Speak("Hi."), Flush(), Close())
            await talk.hear_out()
    lines = book.lines()
    assert lines[0] == {
        "at_us": 7,
        "connection": 0,
        "event": "websocket",
        "path": "/v1/speak",
        "query": "sample_rate=24000",
    }
    assert lines[1]["status"] == 101
    assert {"in", "out"} < set(book.events())
    assert [entry["text"] for entry in lines if entry["event"] == "in"] == [
        '{"type":"Speak","text":"Hi."}',
        '{"type":"Flush"}',
        '{"type":"Close"}',
    ]
    out = [entry for entry in lines if entry["event"] == "out"]
    assert "Metadata" in out[0]["text"]
    assert sum(entry.get("bytes", 0) for entry in out) == 1_056
    assert (lines[-1]["event"], lines[-1]["code"]) == ("closed", 1000)
    assert (book.log.connections, book.log.requests) == (1, 0)


async def test_a_request_is_written_down_with_its_answer() -> None:
    async with written() as (book, address), line(address.port) as http:
        body = b'{"text": "Hi."}'
        path = "/v1/speak?encoding=linear16&container=none"
        await http.ask("POST", path, body, {"content-type": "application/json"})
        await http.ask("POST", "/v1/speak", b"\xff", {"content-type": "application/octet-stream"})
    lines = book.lines()
    assert [entry["connection"] for entry in lines] == sorted(
        entry["connection"] for entry in lines
    )
    assert lines[0]["text"] == '{"text": "Hi."}'
    assert lines[0]["method"] == "POST"
    assert lines[1] == {"at_us": 7, "connection": 0, "event": "answer", "status": 200}
    assert lines[2]["bytes"] == 960
    refused = [entry for entry in lines if entry["connection"] == 1]
    assert [entry["event"] for entry in refused] == ["request", "answer", "out", "end"]
    assert refused[0]["bytes"] == 1
    assert "err_msg" in refused[2]["text"]
    assert (book.log.connections, book.log.requests) == (0, 2)


async def test_no_key_is_ever_written() -> None:
    async with written(api_key=KEY) as (book, address):
        url = address.websocket(SPEAK_PATH)
        offered = [Subprotocol("token"), Subprotocol(KEY)]
        async with talking(url, subprotocols=offered) as talk:
            await talk.say(Speak(f"My key is {KEY}."), Close())
            await talk.hear_out()
        headers = {"Authorization": f"Token {KEY}"}
        async with talking(url, f"api_key={KEY}", additional_headers=headers) as talk:
            await talk.say(Close())
            await talk.hear_out()
        with pytest.raises(InvalidStatus):
            await connect(url, additional_headers={"x-api-key": KEY})
        async with line(address.port) as http:
            body = json.dumps({"text": KEY}).encode()
            headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
            await http.ask("POST", f"/v1/speak?encoding={KEY}&token={KEY}", body, headers)
    assert KEY not in book.file.getvalue()
    assert book.file.getvalue().count("[secret]") >= 3
    assert "api_key=%5Bsecret%5D" in book.file.getvalue()
    assert book.log.connections == 3


def test_a_key_that_is_known_is_not_written_before_it_was_used_either() -> None:
    book = Book()
    log = TrafficLog(book.file, secrets=Secrets(key=KEY))
    log.frame(log.opened("websocket", "/", "", []), "in", f"It is {KEY}.")
    assert KEY not in book.file.getvalue()


def test_words_of_a_header_that_are_no_key_are_left_alone() -> None:
    book = Book()
    headers = [("authorization", "Token a"), ("sec-websocket-key", "c2FtcGxl")]
    number = book.log.opened("websocket", "/v1/speak", "a=b", headers)
    book.log.frame(number, "in", "A Token of c2FtcGxl.")
    assert book.lines()[1]["text"] == "A Token of c2FtcGxl."


def test_without_a_file_things_are_counted_only() -> None:
    log = TrafficLog()
    assert not log.writing
    log.frame(log.opened("request", "/", "", []), "in", "text")
    assert log.requests == 1


# --- in pieces ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 11, 22, 23, 24])
def test_a_key_that_passes_in_pieces_is_not_written(size: int) -> None:
    book = Book()
    number = book.log.opened("websocket", "/", "", [("authorization", f"Token {KEY}")])
    pieces = cut(f"My key is {KEY}, and {KEY}{KEY}. ", size)
    for piece in pieces:
        book.log.frame(number, "in", json.dumps({"type": "Speak", "text": piece}))
        chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]})
        book.log.frame(number, "out", f"data: {chunk}\n\n")
    book.log.over(number)
    for event in ("in", "out"):
        texts = [entry["text"] for entry in book.lines() if entry["event"] == event]
        documents = [json.loads(text.removeprefix("data: ")) for text in texts]
        assert len(documents) == len(pieces)
        joined = "".join(joined_texts(documents).values())
        assert "My key is [secret], and [secret][secret]. " in joined
        assert KEY[:8] not in joined


def test_a_line_that_waits_holds_up_its_own_connection_alone() -> None:
    book = Book()
    headers = [("x-api-key", KEY)]
    first = book.log.opened("websocket", "/", "", headers)
    second = book.log.opened("websocket", "/", "", headers)
    book.log.frame(first, "in", f"It is {KEY[:9]}")
    book.log.frame(first, "out", "What?")
    book.log.frame(second, "in", "Hi.")
    assert [entry.get("text") for entry in book.lines()[2:]] == ["Hi."]
    book.log.frame(first, "in", f"{KEY[9:]}!")
    assert [entry["text"] for entry in book.lines()[3:]] == ["It is [secret]", "What?", "!"]


def test_what_waits_at_the_end_is_written() -> None:
    book = Book()
    number = book.log.opened("websocket", "/", "", [("x-api-key", KEY)])
    book.log.frame(number, "in", f"It is {KEY[:3]}")
    assert len(book.lines()) == 1
    book.log.close()
    assert book.lines()[1]["text"] == f"It is {KEY[:3]}"
