"""A recording proxy between a client and the service: what passes is a session, served again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fixtures import recordings
from gramophone.core.errors import SpeechError
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    Event,
    FlushRefused,
    FlushSent,
    FrameReceived,
    FrameSent,
    SessionEnded,
    SessionStarted,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    WarningReceived,
)
from gramophone.library.export_request import ExportRequest
from gramophone.standin.proxy.proxy import upstream_of
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    Close,
    Flush,
    Flushed,
    Speak,
    Warned,
)
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from gramophone.wire.deepgram.speak_v2 import messages as flux
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support import flux_client
from tests.support.hostile_servers import SOCKETS, attacking
from tests.support.recordings import everything_in
from tests.support.speak_client import messages, sound, talking
from tests.support.speech_proxies import KEY, QUERY, passing
from tests.support.standins import running

NO_LIMITS = SpeakLimits.none()


async def record_into(home: Path, upstream: str, *flushes: str, query: str = QUERY) -> list[Any]:
    """Say these through a proxy with a key everywhere a key may stand; what was heard."""
    async with Recorder.open(home) as recorder, passing(upstream, recorder) as through:
        keyed = {"additional_headers": {"Authorization": f"Token {KEY}"}}
        async with talking(through.speak_url, f"{query}&api_key={KEY}", **keyed) as talk:
            for text in flushes:
                await talk.say(Speak(text), Flush())
            await talk.say(Close())
            received, code, _ = await talk.hear_out()
    assert code == 1000
    return received


def said_in(events: list[Event]) -> list[str]:
    """The text of each flush of a session."""
    return [segment.text for segment in recorded_speech(events).segments]


@pytest.mark.parametrize("name", ["tone", "short-answer", "long-list"])
async def test_a_recorded_session_is_served_again_frame_by_frame(name: str, tmp_path: Path) -> None:
    home, query, voice = tmp_path / "home", QUERY, None
    flushes = ["One two.", "Three."]
    if name != "tone":
        speech = recorded_speech(recordings.load(name))
        voice = RecordedVoice(speech)
        flushes = [segment.text for segment in speech.segments]
        query = f"model=aura-2-thalia-en&sample_rate={speech.sample_rate_hz}"
    async with running(voice=voice, pace=0.0, limits=NO_LIMITS) as upstream:
        first = await record_into(home, upstream, *flushes, query=query)
    async with await StoredLibrary.open(home) as library:
        assert await library.verify() == []
        (session,) = await library.sessions()
        events = await library.events(session.id)
        bundle = tmp_path / "session.gramophone"
        await library.export([session.id], ExportRequest("bundle", bundle))
    assert sound(first)
    assert [path for path, held in everything_in(tmp_path).items() if KEY.encode() in held] == []
    again = RecordedVoice(recorded_speech(events))
    async with running(voice=again, pace=0.0, limits=NO_LIMITS) as upstream:
        second = await record_into(tmp_path / "again", upstream, *flushes, query=query)
    assert second == first
    assert again.expectation.differences() == ()


async def test_a_key_is_kept_nowhere_even_if_it_is_spoken(tmp_path: Path) -> None:
    async with running() as upstream:
        assert sound(await record_into(tmp_path, upstream, f"The key is {KEY}."))
    files = everything_in(tmp_path)
    assert [path for path, held in files.items() if KEY.encode() in held] == []
    assert any(b"The key is ***" in held for held in files.values())


async def test_the_timeline_of_an_utterance() -> None:
    async with running() as upstream, passing(upstream) as through:
        async with talking(through.speak_url, QUERY) as talk:
            await talk.say(Speak("One. "), Speak("Two."), Flush())
            received = await talk.hear_until(Flushed)
            await talk.say(Speak("Three."), Flush())
            await talk.hear_until(Flushed)
    assert [event.text for event in through.all(TextSpoken)] == ["One. ", "Two.", "Three."]
    assert [event.last_chunk for event in through.all(FlushSent)] == [1, 0]
    completed = through.all(TurnCompleted)
    assert [(turn.turn, turn.text, turn.finish_reason) for turn in completed] == [
        (0, "One. Two.", "stop"),
        (1, "Three.", "stop"),
    ]
    spoken = b"".join(event.pcm for event in through.all(AudioReceived) if event.turn == 0)
    assert spoken == sound(received)
    (connected,) = through.all(SpeechConnected)
    assert connected.url == f"{upstream}?{QUERY}"
    assert connected.request_id
    (gone,) = through.all(SpeechDisconnected)
    assert gone.code == 1000
    assert isinstance(through.events[-1], SessionEnded)
    assert len(through.all(FrameSent)) == 5
    assert len(through.all(FrameReceived)) == 3


async def test_a_clear_ends_the_turn_and_a_refused_flush_is_told() -> None:
    async with (
        running("excessive-flush=2") as upstream,
        passing(upstream) as through,
        talking(through.speak_url, QUERY) as talk,
    ):
        await talk.say(Speak("One."), Clear())
        await talk.hear_until(Cleared)
        await talk.say(Speak("Two."), Flush(), Speak("Three."), Flush())
        received = await talk.hear_until(Warned)
        await talk.say(Flush(), Close())
        received += (await talk.hear_out())[0]
    assert [event.turn for event in through.all(ClearSent)] == [0]
    assert [event.flush for event in through.all(FlushRefused)] == [1]
    assert [event.code for event in through.all(WarningReceived)] == ["EXCESSIVE_FLUSH"]
    assert [(turn.turn, turn.text, turn.finish_reason) for turn in through.all(TurnCompleted)] == [
        (0, "One.", "interrupted"),
        (1, "Two.Three.", "stop"),
    ]
    assert len(messages(received)) == 3
    assert said_in(through.events)[0] == "Two."


async def test_a_close_of_the_service_reaches_the_client_and_the_session() -> None:
    async with (
        running("close=1011:NET-0000,4000") as upstream,
        passing(upstream) as through,
        talking(through.speak_url, QUERY) as talk,
    ):
        await talk.say(Speak("A gramophone plays records."), Flush())
        received, code, reason = await talk.hear_out()
    assert (len(sound(received)), code, reason) == (4000, 1011, "NET-0000")
    (gone,) = through.all(SpeechDisconnected)
    assert (gone.code, gone.reason) == (1011, "NET-0000")
    assert through.all(TurnCompleted)[0].finish_reason == "failed"


async def test_a_broken_connection_breaks_for_the_client() -> None:
    async with (
        running("drop=4000") as upstream,
        passing(upstream) as through,
        talking(through.speak_url, QUERY) as talk,
    ):
        await talk.say(Speak("A gramophone plays records."), Flush())
        _, code, _ = await talk.hear_out()
    assert code == 1006
    assert through.all(SpeechDisconnected)[0].code == 1006


async def test_a_refusal_comes_through_and_makes_no_session() -> None:
    async with running(api_key="right") as upstream, passing(upstream) as through:
        async with talking(through.speak_url, QUERY, subprotocols=["token", "right"]) as talk:
            assert talk.connection.subprotocol == "token"
        refusals: list[tuple[int, str | None, bytes]] = []
        for url in (upstream, through.speak_url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"{url}?{QUERY}", additional_headers={"Authorization": "Token no"})
            response = refused.value.response
            assert response.headers["dg-request-id"]
            body = bytes(response.body or b"")
            refusals.append((response.status_code, response.headers.get("dg-error"), body[:60]))
    assert refusals[0] == refusals[1]
    assert refusals[0][:2] == (401, "Invalid credentials.")
    assert through.proxy.refused == 1
    # The one that was let in said nothing.
    assert (through.proxy.connections, through.proxy.session_id, through.events) == (1, None, [])


async def test_who_says_nothing_begins_no_session() -> None:
    async with running() as upstream, passing(upstream) as through:
        for query in (QUERY, "model=aura-2-thalia-en&sample_rate=8000"):
            async with talking(through.speak_url, query) as talk:
                await talk.say(Close())
                await talk.hear_out()
        assert (through.proxy.session_id, through.events) == (None, [])
        async with talking(through.speak_url, "sample_rate=16000") as talk:
            await talk.say(Speak("One."), Flush())
            await talk.hear_until(Flushed)
        async with talking(through.speak_url, "sample_rate=16000"):
            pass
    assert [event.connection for event in through.all(SpeechConnected)] == [0, 1]
    assert through.all(SessionStarted)[0].sample_rate_hz == 16_000
    assert through.proxy.unrecorded == 0


async def test_another_form_of_sound_passes_unrecorded() -> None:
    async with running() as upstream, passing(upstream) as through:
        for query in (QUERY, "model=aura-2-thalia-en&sample_rate=8000"):
            async with talking(through.speak_url, query) as talk:
                await talk.say(Speak("One."), Flush())
                assert sound(await talk.hear_until(Flushed))
    assert through.proxy.unrecorded == 1
    assert len(through.all(TurnCompleted)) == 1


async def test_a_service_that_is_not_there_is_a_502() -> None:
    async with passing("ws://127.0.0.1:9") as through:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{through.speak_url}?{QUERY}")
    assert refused.value.response.status_code == 502
    assert through.events == []


async def test_flux_turns_are_recorded_and_served_again() -> None:
    messages = [flux.Speak("One. Two"), flux.Speak(" three."), flux.Flush()]
    async with running() as upstream, passing(upstream) as through:
        async with flux_client.talking(through.speak_url) as talk:
            await talk.say(*messages)
            first = await talk.hear_until(flux.SpeechMetadata)
            await talk.say(flux.Speak("Four. Five"))
            while not isinstance(await talk.hear(), bytes):
                pass
            metadata = first[-1]
            assert isinstance(metadata, flux.SpeechMetadata)
            await talk.say(flux.Interrupt(metadata.audio_duration_ms + 5))
            await talk.hear_until(flux.SpeechInterrupted)
            await talk.say(flux.Close())
            await talk.hear_out()
    (cut,) = through.all(TurnInterrupted)
    assert (cut.turn, cut.heard_samples) == (1, 5 * 48)
    assert [(turn.turn, turn.finish_reason) for turn in through.all(TurnCompleted)] == [
        (0, "stop"),
        (1, "interrupted"),
    ]
    assert through.all(TurnCompleted)[0].text == "One. Two three."
    voice = RecordedVoice(recorded_speech(through.events))
    async with running(voice=voice, pace=0.0) as again, flux_client.talking(again) as talk:
        await talk.say(*messages)
        assert await talk.hear_until(flux.SpeechMetadata) == first


@pytest.mark.parametrize(
    "address", ["", "api.deepgram.com", "ftp://a", "wss://key@host", "wss://host?token=1", "ws://["]
)
def test_an_upstream_is_an_address_without_a_key(address: str) -> None:
    with pytest.raises(SpeechError, match="--upstream"):
        upstream_of(address)


def test_a_whole_address_of_speak_is_an_upstream() -> None:
    assert upstream_of("https://host/eu/v1/speak") == "wss://host/eu"
    assert upstream_of("ws://host:80/") == "ws://host:80"


@pytest.mark.parametrize("answer", ["a frame of 200 MB", "fragments without end"])
async def test_a_service_that_sends_too_much_is_cut_off_with_a_reason(answer: str) -> None:
    async with (
        attacking(SOCKETS[answer], accepts=True) as upstream,
        passing(upstream.origin.replace("http", "ws")) as through,
    ):
        async with connect(f"{through.speak_url}?{QUERY}") as client:
            with pytest.raises(ConnectionClosed):
                await client.recv()
        assert (client.close_code, client.close_reason) == (
            1009,
            "the service sent a message of more than 8 MB",
        )
