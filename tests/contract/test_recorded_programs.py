"""Programs that were recorded, run again against their recording, through the recording proxy:
what is recorded then is what was recorded before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from fixtures import programs, recordings
from gramophone.core.clock import SystemClock
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    ModelFinished,
    RequestSent,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.standin.options import StandinOptions
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.run.services import SERVICES, ServiceContext
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address, Routes
from gramophone.standin.source.source import source_of
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.paths import SPEAK_PATH

# Deepgram's SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")


@asynccontextmanager
async def recording_again(events: Sequence[Event]) -> AsyncGenerator[tuple[Address, list[Event]]]:
    """A proxy before a stand-in that plays a recording at once, and what the proxy tells."""
    script, clock, recorded = source_of(events), SystemClock(), list[Event]()
    assert script.speech is not None
    voice = RecordedVoice(script.speech, strict=True)
    choose = ExpectedAnswers(script.answers, strict=True)
    language = ModelStandin(choose, ModelOptions(speed=0.0), clock)
    material = ServiceContext(voice, StandinOptions(), clock, language)
    routes = Routes()
    for make in SERVICES.values():
        routes |= make(material).routes
    async with listening(routes) as upstream:
        proxy = RecordingProxy(
            upstream_of(upstream.http()), "5e551017a0000000", clock, recorded.append, lambda _: None
        )
        async with listening(proxy.routes()) as address:
            yield address, recorded
        proxy.end()
    assert [*voice.expectation.differences(), *choose.expectation.differences()] == []


def at_no_time(events: Sequence[Event], *kinds: type[Event]) -> list[Event]:
    """These events without their instants, turn by turn: turns overlap, and at once not as far."""
    selected = [replace(event, at_us=0) for event in events if isinstance(event, kinds)]
    return sorted(selected, key=lambda event: getattr(event, "turn", -1))


def with_whole_texts(events: Sequence[Event]) -> list[Event]:
    """The events of a recording from the time when a stopped turn's text ended where its sound was
    stopped, with the whole text."""
    spoken: dict[int, str] = {}
    for event in events:
        if isinstance(event, TextSpoken):
            before = spoken.get(event.turn)
            spoken[event.turn] = event.text if before is None else f"{before} {event.text}"
    return [
        replace(event, text=spoken[event.turn])
        if isinstance(event, TurnCompleted) and event.finish_reason == "interrupted"
        else event
        for event in events
    ]


def sound(events: Sequence[Event]) -> list[tuple[int, bytes]]:
    return [(event.turn, event.pcm) for event in events if isinstance(event, AudioReceived)]


TURNS = (TurnStarted, TurnCompleted, TurnInterrupted, ClearSent, TextSpoken, SpeechDisconnected)
FLUSHES = (FlushSent, FlushAnswered)
MODEL = (RequestSent, ModelChunkReceived, DeltaReceived, UsageReported, ModelFinished)


async def test_a_program_that_uses_tools() -> None:
    recorded = recordings.load("tool-call")
    async with recording_again(recorded) as (address, rerecorded):
        await programs.with_tools(address.websocket(SPEAK_PATH), address.http("/v1"))
    for kinds in ((FrameSent,), TURNS, FLUSHES, MODEL):
        assert at_no_time(rerecorded, *kinds) == at_no_time(recorded, *kinds)
    assert sound(rerecorded) == sound(recorded)


async def test_a_program_that_speaks_with_flux() -> None:
    recorded = recordings.load("flux")
    async with recording_again(recorded) as (address, rerecorded):
        await programs.with_flux(address.websocket(SPEAK_PATH))
    for kinds in ((FrameSent,), TURNS):
        assert at_no_time(rerecorded, *kinds) == at_no_time(with_whole_texts(recorded), *kinds)
    assert sound(rerecorded) == sound(recorded)
    # Every message of the service's, its ids and its counts too, and where the sound lay.
    assert received(rerecorded) == received(recorded)


def received(events: Sequence[Event]) -> list[str | bytes]:
    return [
        event.text if isinstance(event, FrameReceived) else event.pcm
        for event in events
        if isinstance(event, FrameReceived | AudioReceived)
    ]
