"""Refusals with the headers and body of a scenario, wherever a client may be refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gramophone.standin.llm.endpoints import MODELS_PATH
from gramophone.standin.server.routes import Address
from gramophone.wire.deepgram.paths import FLUX_PATH, LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH
from gramophone.wire.llm.embeddings import EMBEDDINGS_PATH
from gramophone.wire.openai_audio.speech import SPEECH_PATH
from gramophone.wire.openai_audio.transcription_request import TRANSCRIPTIONS_PATH
from tests.support.http_client import Answer, line
from tests.support.model_requests import CHAT, MESSAGES, RESPONSES, VERSION, asking
from tests.support.scenario_standin import served
from tests.support.sse_reading import events_in

AUDIO = [SPEECH_PATH, TRANSCRIPTIONS_PATH]
HTTP = [SPEAK_PATH, LISTEN_PATH, CHAT, RESPONSES, MESSAGES, EMBEDDINGS_PATH, *AUDIO]
SOCKETS = {
    SPEAK_PATH: "aura-2-thalia-en",
    FLUX_PATH: "flux-tts-thalia-en",
    LISTEN_PATH: "nova-3",
    LISTEN_V2_PATH: "flux-general-en&encoding=linear16&sample_rate=16000",
}
OWN = """
status = 429
message = "Slow\\ndown."
retry_after_s = 2
headers = {x-quota = "spent", Content-Type = "text/plain"}
"""


async def post(address: Address, path: str) -> Answer:
    async with line(address.port) as http:
        if path == MODELS_PATH:
            return await http.ask("GET", path)
        body = json.dumps(asking(path)).encode()
        return await http.ask("POST", path, body, VERSION if path == MESSAGES else {})


@pytest.mark.parametrize("path", HTTP)
async def test_a_request_is_refused_with_the_scenario_s_details(path: str) -> None:
    async with served(f'[[refuse]]\npath = "{path}"{OWN}body = "No."') as address:
        answer = await post(address, path)
    assert (answer.status, answer.body) == (429, b"No.")
    assert answer.headers["content-type"] == "text/plain"
    assert (answer.headers["retry-after"], answer.headers["x-quota"]) == ("2", "spent")


@pytest.mark.parametrize("path", SOCKETS)
async def test_a_handshake_is_refused_with_the_scenario_s_details(path: str) -> None:
    async with served(f"[[refuse]]\nconnection = 0{OWN}") as address:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address.websocket(path))
        async with connect(f"{address.websocket(path)}?model={SOCKETS[path]}"):
            pass
    response = refused.value.response
    assert response.status_code == 429
    assert (response.headers["retry-after"], response.headers["x-quota"]) == ("2", "spent")
    assert response.headers.get_all("content-type") == ["text/plain"]
    assert response.headers["dg-error"] == "Slow?down."
    assert json.loads(response.body or b"")["err_msg"] == "Slow\ndown."


async def test_other_paths_are_not_refused() -> None:
    async with served(f'[[answer]]\n[[refuse]]\npath = "{CHAT}"{OWN}') as address:
        assert [(await post(address, path)).status for path in (CHAT, RESPONSES)] == [429, 200]


async def test_a_path_that_gives_no_answer_is_refused_if_it_is_named() -> None:
    refuse = '[[refuse]]\npath = "/v1/models"\nconnection = 1\nstatus = 503\n'
    async with served(f"{refuse}[[refuse]]\nstatus = 500") as address:
        async with line(address.port) as http:
            statuses = [(await http.ask("GET", "/v1/models")).status for _ in range(3)]
    assert statuses == [200, 503, 200]


@pytest.mark.parametrize("path", [CHAT, RESPONSES, EMBEDDINGS_PATH, *AUDIO, MODELS_PATH])
async def test_a_429_of_openai_says_when_to_try_again(path: str) -> None:
    waits = {"": 1, "retry_after_s = 20": 20, 'headers = {Retry-After = "30"}': 30}
    for wait, wait_s in waits.items():
        async with served(f'[[refuse]]\npath = "{path}"\nstatus = 429\n{wait}') as address:
            answer = await post(address, path)
        assert f"Please try again in {wait_s}s." in answer.body.decode()
        assert answer.headers["retry-after"] == str(wait_s)
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        assert answer.headers["x-ratelimit-reset-requests"] == "1m0s"


async def test_embeddings_count_against_the_limits() -> None:
    async with served("[[answer]]") as address:
        embedded = await post(address, EMBEDDINGS_PATH)
        answered = await post(address, CHAT)
    remaining = [
        answer.headers["x-ratelimit-remaining-requests"] for answer in (embedded, answered)
    ]
    assert [int(number) for number in remaining] == [4_999, 4_998]
    assert embedded.headers["x-ratelimit-remaining-tokens"] < "800000"


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
async def test_an_overload_within_a_stream_is_the_same_from_an_answer_and_from_a_fault(
    path: str,
) -> None:
    ways = [
        '[[answer]]\ntext = "One."\nfails = {status = 529}',
        'faults = ["overloaded"]\n[[answer]]\ntext = "One."',
    ]
    ends: list[dict[str, Any]] = []
    for way in ways:
        async with served(way) as address, line(address.port) as http:
            body = json.dumps(asking(path, stream=True)).encode()
            answer = await http.ask("POST", path, body, VERSION if path == MESSAGES else {})
        *_, (name, data) = events_in(answer.body)
        ends.append({**json.loads(data), "event": name, "sequence_number": 0})
    assert ends[0] == ends[1]
    assert ends[0]["event"] == {RESPONSES: "response.failed", MESSAGES: "error"}.get(path, "")


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
async def test_a_529_is_the_same_from_an_answer_and_from_a_fault(path: str) -> None:
    ways = [
        "[[answer]]\nfails = {status = 529}",
        "[[refuse]]\nstatus = 529",
        'faults = ["refuse=529"]',
        # Only Anthropic has the status; OpenAI's own for the same is 503.
        *(['faults = ["overloaded"]\n[[answer]]'] if path == MESSAGES else []),
    ]
    answers: list[Answer] = []
    for way in ways:
        async with served(way) as address:
            answers.append(await post(address, path))
    assert {answer.status for answer in answers} == {529}
    assert len({answer.body for answer in answers}) == 1
    assert b"verloaded" in answers[0].body
    assert len({frozenset(answer.headers) for answer in answers}) == 1
