"""A recording proxy between a client and Listen: the transcripts are served again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import (
    Event,
    FrameReceived,
    SessionStarted,
    TurnCompleted,
    TurnStarted,
)
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.deepgram.routes import listen_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.standin.proxy.observe_llm import AnswerObserver
from gramophone.standin.proxy.session_recorder import SessionRecorder
from gramophone.standin.server.listener import listening
from gramophone.standin.source.answers import answers_of
from gramophone.standin.source.listen_v1 import recorded_transcripts
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.wire.deepgram.listen_v1.connection import IDLE_US
from gramophone.wire.deepgram.listen_v1.messages import ListenParameters, Verbatim
from gramophone.wire.deepgram.listen_v1.recorded_server import (
    ListenReplay,
    RecordedConnection,
    RecordedMessage,
    RecordedTranscripts,
)
from gramophone.wire.deepgram.paths import LISTEN_PATH
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS
from tests.support.recordings import everything_in
from tests.support.speech_proxies import KEY, passing

FRAME = b"\1\0" * 480
SECOND = 50
SPEECH = RecordedSpeech(
    "linear16",
    24_000,
    (
        RecordedSegment("Why is it blue?", ((0, FRAME * 2 * SECOND),)),
        RecordedSegment("Because of scattering.", ((0, FRAME * SECOND),)),
    ),
)
QUERY = "model=nova-3&encoding=linear16&sample_rate=24000&interim_results=true&vad_events=true"
KEYED = {"authorization": f"Token {KEY}"}


@asynccontextmanager
async def standing_in(recorded: RecordedTranscripts | None = None) -> AsyncGenerator[str]:
    utterances = utterances_of(None if recorded else SPEECH, recorded)
    routes = listen_routes(utterances, StandinOptions(), SystemClock(), recorded)
    async with listening(routes) as address:
        yield address.websocket()


async def listen(base: str, frames: Sequence[str | bytes], query: str = QUERY) -> list[str | bytes]:
    """Say these to Listen; everything that is told until the connection ends."""
    url = f"{base}{LISTEN_PATH}?{query}"
    async with connect(url, compression=None, additional_headers=KEYED) as connection:
        for frame in frames:
            await connection.send(frame)
        return [frame async for frame in connection]


def control(kind: str) -> str:
    return json.dumps({"type": kind})


WHOLE = [control("KeepAlive"), *[FRAME] * 4 * SECOND, control("Finalize"), control("CloseStream")]


def base_of(speak_url: str) -> str:
    return speak_url.removesuffix("/v1/speak")


async def test_transcripts_are_served_again_message_by_message(tmp_path: Path) -> None:
    async with (
        standing_in() as upstream,
        Recorder.open(tmp_path) as recorder,
        passing(upstream, recorder) as through,
    ):
        first = await listen(base_of(through.speak_url), WHOLE, f"{QUERY}&token={KEY}")
    assert [message for message in first if '"is_final":true' in str(message)]
    turns = through.all(TurnCompleted)
    assert [(turn.role, turn.text, turn.finish_reason) for turn in turns] == [
        ("user", "why is it blue", "heard"),
        ("user", "because of scattering", "heard"),
    ]
    assert through.all(SessionStarted)[0].model == "nova-3"
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        (session,) = await library.sessions()
        assert session.title == "why is it blue"
        events = await library.events(session.id)
    assert [path for path, held in everything_in(tmp_path).items() if KEY.encode() in held] == []
    async with standing_in(recorded_transcripts(events)) as again:
        assert await listen(again, WHOLE) == first
        # However the sound is cut.
        frames = [FRAME * SECOND] * 4
        assert await listen(again, [*frames, control("Finalize"), b""]) == first


async def test_a_whole_recording_is_known_by_its_sound() -> None:
    async def post(base: str, sound: bytes) -> Any:
        url = f"{base.replace('ws', 'http', 1)}{LISTEN_PATH}?{QUERY}"
        async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
            return (await http.post(url, content=sound, headers=KEYED)).json()

    async with standing_in() as upstream, passing(upstream) as through:
        base = base_of(through.speak_url)
        first = [await post(base, FRAME * seconds * SECOND) for seconds in (2, 3)]
    assert through.proxy.requests == 2
    assert [turn.text for turn in through.all(TurnCompleted)] == [
        "why is it blue",
        "why is it blue because of scattering",
    ]
    recorded = recorded_transcripts(through.events)
    async with standing_in(recorded) as again:
        assert await post(again, FRAME * 3 * SECOND) == first[1]
        assert await post(again, FRAME * 2 * SECOND) == first[0]
        assert await post(again, FRAME) == first[1]
        # Who streams gets the same words.
        assert "why is it blue" in str(await listen(again, WHOLE))


@pytest.mark.parametrize("strict", [False, True])
def test_a_transcript_is_used_up_once_it_was_given(strict: bool) -> None:
    sound = b"sound"
    digest = hashlib.sha256(sound).hexdigest()
    texts = [json.dumps({"n": n, "metadata": {"sha256": s}}) for n, s in enumerate(("", digest))]
    sounds = ExpectedSounds([*texts, texts[1]], strict=strict)
    transcripts = [sounds.transcript(audio) for audio in (sound, sound, b"other")]
    assert transcripts == [texts[1], texts[1], texts[0]]
    assert sounds.differences() == ()
    assert sounds.transcript(sound) == (None if strict else texts[1])
    assert sounds.transcript(b"more") == (None if strict else texts[1])
    assert [difference.sentence for difference in sounds.differences()] == [
        f'The recording "5 bytes, SHA-256 {digest[:16]}" came more often than the source has it.',
        f'The recording "4 bytes, SHA-256 {hashlib.sha256(b"more").hexdigest()[:16]}" '
        "came more often than the source has it.",
    ]


async def test_a_recording_that_is_used_up_is_refused_by_a_strict_source() -> None:
    recorded = RecordedTranscripts(wholes=('{"metadata": {}}',))
    sounds = ExpectedSounds(recorded.wholes, strict=True)
    routes = listen_routes((), StandinOptions(), SystemClock(), recorded, sounds)
    async with (
        listening(routes) as address,
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        url = address.http(f"{LISTEN_PATH}?{QUERY}")
        responses = [await http.post(url, content=FRAME, headers=KEYED) for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 404]
    assert responses[1].json()["err_code"] == "NOT-IN-SOURCE"


async def test_who_sends_no_sound_begins_no_session() -> None:
    async with standing_in() as upstream, passing(upstream) as through:
        assert await listen(
            base_of(through.speak_url), [control("KeepAlive"), control("CloseStream")]
        )
    assert (through.proxy.session_id, through.events) == (None, [])


@pytest.mark.parametrize(("question", "turns"), [("why is it blue", 2), ("Why, then?", 3)])
def test_a_question_that_was_heard_is_one_turn(question: str, turns: int) -> None:
    events: list[Event] = []
    tape = SessionRecorder("5e55", SystemClock(), events.append)
    observer = ListenObserver(0, tape.speeches)
    tape.on_client_audio()
    tape.record_speech(observer.received(result(0, 1, "why is it blue"), 5))
    tape.record_speech(observer.ended(1000, "", 6))
    tape.expect_answer("openai", "m")
    body = json.dumps({"messages": [{"role": "user", "content": question}]}).encode()
    tape.record_answer(
        AnswerObserver("openai", "host", tape.turns).requested(body, 7, tape.heard_text)
    )
    tape.end()
    assert len([event for event in events if isinstance(event, TurnStarted)]) == turns
    assert [answer.prompt for answer in answers_of(events)] == [question]


async def test_silence_is_recorded_too() -> None:
    async with standing_in() as upstream, passing(upstream) as through:
        await listen(base_of(through.speak_url), [b"\0\0", control("CloseStream")])
    assert through.proxy.session_id
    assert through.all(FrameReceived)


def result(start: float, duration: float, text: str = "") -> str:
    channel = {"alternatives": [{"transcript": text}]}
    fields = {"type": "Results", "start": start, "duration": duration, "channel": channel}
    return json.dumps(fields | {"is_final": True})


PARAMETERS = ListenParameters.from_query("encoding=linear16&sample_rate=8000")
ONE_SECOND = bytes(16_000)


def said_by(actions: Sequence[Any]) -> list[Any]:
    return [
        action.message.text
        if isinstance(action, SendText) and isinstance(action.message, Verbatim)
        else action
        for action in actions
    ]


def test_a_message_waits_for_its_sound_and_for_what_was_said_before_it() -> None:
    early, late, last = result(0, 1), result(1, 1), result(2, 0.5)
    messages = (RecordedMessage(early), RecordedMessage(late), RecordedMessage(last, after=1))
    machine = ListenReplay(PARAMETERS, RecordedConnection(messages))
    machine.opened(0)
    assert machine.sound_received(bytes(8_000), 0) == []
    assert said_by(machine.sound_received(bytes(8_000), 0)) == [early]
    # A Finalize wants at once what came before it then.
    assert said_by(machine.text_received(control("Finalize"), 0)) == [late]
    assert said_by(machine.text_received(control("CloseStream"), 0)) == [
        last,
        CloseConnection(1000, ""),
    ]
    assert machine.sound_received(ONE_SECOND, 0) == []
    assert machine.deadline_us is None


def test_a_close_of_the_service_comes_again_and_silence_is_cut_off() -> None:
    broken = RecordedConnection((RecordedMessage(result(0, 1)),), 1008, "DATA-0000")
    machine = ListenReplay(PARAMETERS, broken)
    machine.opened(0)
    assert said_by(machine.sound_received(ONE_SECOND, 0))[1:] == [
        CloseConnection(1008, "DATA-0000")
    ]
    silent = ListenReplay(PARAMETERS, RecordedConnection((), 1011, "NET-0001"))
    silent.opened(0)
    assert silent.sound_received(ONE_SECOND, 5) == []
    assert silent.time_passed(IDLE_US) == []
    assert silent.time_passed(IDLE_US + 5) == [CloseConnection(1011, "NET-0001")]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "start", "duration", "channel"]), inner)
    ),
    max_leaves=6,
)


@given(st.lists(st.tuples(ANYTHING, st.integers(0, 3))), st.lists(st.binary() | st.text()))
def test_nothing_that_was_recorded_breaks_it(
    messages: list[tuple[Any, int]], frames: list[bytes | str]
) -> None:
    recorded = tuple(RecordedMessage(json.dumps(message), after) for message, after in messages)
    machine = ListenReplay(PARAMETERS, RecordedConnection(recorded))
    machine.opened(0)
    told_before = [
        action
        for frame in frames
        for action in (
            machine.text_received(frame, 0)
            if isinstance(frame, str)
            else machine.sound_received(frame, 0)
        )
    ]
    machine.text_received(control("CloseStream"), 0)
    assert machine.deadline_us is None
    assert len([message for message in said_by(told_before) if isinstance(message, str)]) <= len(
        recorded
    )
