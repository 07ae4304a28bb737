"""A recorded Speak v2 session played to a client again is the same session."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.core.errors import TimelineError
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FrameReceived,
    FrameSent,
    SpeechConnected,
    SpeechDisconnected,
)
from gramophone.standin.source.speak_v2 import recorded_flux
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.text.redaction import Redactor
from gramophone.wire.deepgram.server_actions import (
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v1 import messages as speak_messages
from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Close,
    Configure,
    Connected,
    Flush,
    Flushed,
    Interrupt,
    ServerMessage,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Warned,
    parse_server,
    render,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.recorded_server import (
    RECORDING_EXHAUSTED,
    TEXT_NOT_RECORDED,
    FluxReplay,
)
from gramophone.wire.deepgram.speak_v2.recording import RecordedFlux
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits, FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import Action, SpeakV2Server
from tests.support.builders import session_started
from tests.support.clocks import WatchedClock
from tests.support.flux_client import sound, talking
from tests.support.speak_client import sound as sound_of_v1
from tests.support.speak_client import talking as talking_v1
from tests.support.standins import running

AT_8_KHZ = FluxParameters(model="flux-haley-en", sample_rate_hz=8_000)
HELLO = Connected("r-1", "flux-haley-en", "1", ("m-1",))
URL = "wss://api.deepgram.com/v2/speak?model=flux-haley-en&sample_rate=8000"
TWENTY_MS = bytes(320)

ClientScript = Sequence[tuple[int, ClientMessage]]


class World:
    """A machine, a client that says each thing at its instant, and a voice of 20 ms a word."""

    def __init__(self, machine: SpeakV2Server, script: ClientScript) -> None:
        self._machine = machine
        self._order = count()
        self._agenda: list[tuple[int, int, object]] = []
        self.events: list[Event] = [
            SpeechConnected(at_us=0, connection=0, url=URL, request_id="r-1")
        ]
        self._over = False
        self._offset_bytes = 0
        for at_us, message in script:
            self._plan(at_us, message)

    def play(self) -> list[Event]:
        """All that happens, as a session has it."""
        self._perform(self._machine.opened(0), 0)
        while not self._over:
            deadline_us = self._machine.deadline_us
            if not self._agenda and deadline_us is None:
                break
            if deadline_us is not None and (not self._agenda or deadline_us <= self._agenda[0][0]):
                self._perform(self._machine.time_passed(deadline_us), deadline_us)
                continue
            at_us, _, step = heapq.heappop(self._agenda)
            match step:
                case int(job), bytes(pcm):
                    self._perform(self._machine.audio_made(job, pcm), at_us)
                case int(job):
                    self._perform(self._machine.synthesised(job), at_us)
                case _:
                    text = render(step)  # pyright: ignore[reportArgumentType]
                    self.events.append(FrameSent(at_us=at_us, connection=0, text=text))
                    self._perform(self._machine.text_received(text, at_us), at_us)
        return self.events

    def _plan(self, at_us: int, step: object) -> None:
        heapq.heappush(self._agenda, (at_us, next(self._order), step))

    def _perform(self, actions: Sequence[Action], at_us: int) -> None:
        for action in actions:
            match action:
                case SendText(message):
                    text = render(message)
                    self.events.append(FrameReceived(at_us=at_us, connection=0, text=text))
                case SendAudio(pcm):
                    self._hear(pcm, at_us)
                case StartSynthesis(job, text):
                    words = text.split()
                    for n, word in enumerate(words, 1):
                        pcm = TWENTY_MS[2 * len(word) :] + word.encode()
                        self._plan(at_us + 20_000 * n, (job, pcm))
                    self._plan(at_us + 20_000 * len(words) + 10_000, job)
                case CloseConnection(code, reason):
                    self.events.append(
                        SpeechDisconnected(at_us=at_us, connection=0, code=code, reason=reason)
                    )
                    self._over = True
                case _:
                    pass

    def _hear(self, pcm: bytes, at_us: int) -> None:
        self.events.append(
            AudioReceived(
                at_us=at_us,
                turn=1,
                connection=0,
                offset_bytes=self._offset_bytes,
                size_bytes=len(pcm),
                pcm=pcm,
            )
        )
        self._offset_bytes += len(pcm)


def live(script: ClientScript, quirks: FluxQuirks | None = None) -> list[Event]:
    return World(SpeakV2Server(HELLO, AT_8_KHZ, FluxLimits.none(), quirks), script).play()


def again(recorded: RecordedFlux, script: ClientScript, pace: float = 1.0) -> list[Event]:
    return World(FluxReplay(recorded, HELLO, AT_8_KHZ, pace, FluxLimits.none()), script).play()


def received(events: Sequence[Event]) -> list[tuple[int, str | bytes]]:
    """What the client got, with its instants."""
    frames: list[tuple[int, str | bytes]] = []
    for event in events:
        match event:
            case FrameReceived(at_us=at_us, text=text):
                frames.append((at_us, text))
            case AudioReceived(at_us=at_us, pcm=pcm):
                frames.append((at_us, pcm))
            case SpeechDisconnected(at_us=at_us, code=code, reason=reason):
                frames.append((at_us, f"{code} {reason}"))
            case _:
                pass
    return frames


def messages(events: Sequence[Event]) -> list[ServerMessage]:
    return [parse_server(event.text) for event in events if isinstance(event, FrameReceived)]


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(message).__name__ for message in messages(events)]


TURN: ClientScript = [
    (1_000, Speak("Hello ")),
    (2_000, Speak("there. How are")),
    (95_000, Speak(" you?")),
    (120_000, Flush()),
]
CLOSE_US = 400_000
SECRET = "c4nary-0123456789"
hide = Redactor([SECRET])
WHOLE: ClientScript = [*TURN, (CLOSE_US, Close())]
INTERRUPTED: ClientScript = [*TURN[:3], (110_000, Interrupt(30)), (CLOSE_US, Close())]


def recording(script: ClientScript) -> RecordedFlux:
    [recorded] = recorded_flux(live(script))
    return recorded


# --- the same once more -----------------------------------------------------------------------


@pytest.mark.parametrize("script", [WHOLE, INTERRUPTED])
def test_the_same_client_gets_the_same_at_the_same_instants(script: ClientScript) -> None:
    original = live(script)
    [recorded] = recorded_flux(original)
    assert received(again(recorded, script)) == received(original)
    assert recorded_flux(again(recorded, script)) == (recorded,)


said_texts = st.sampled_from(
    ["Hello there. ", "How", " are you? ", " ", "...", "One. Two. Three. ", "[laughs] Ha. "]
)
said_messages: st.SearchStrategy[ClientMessage] = st.one_of(
    said_texts.map(Speak),
    said_texts.map(Speak),
    st.sampled_from([Flush(), Flush(), Interrupt(), Configure(1.2), Configure(9.0)]),
    st.integers(0, 20).map(lambda tens: Interrupt(tens * 10)),
)


def timed(steps: Sequence[tuple[int, ClientMessage]]) -> ClientScript:
    at_us, script = 0, list[tuple[int, ClientMessage]]()
    for ms, message in steps:
        # Never at the instant of a frame, where either could be first.
        at_us += ms * 1000 + 1
        script.append((at_us, message))
    return [*script, (at_us + 2_000_001, Close())]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 120), said_messages), max_size=14).map(timed),
    st.sampled_from([FluxQuirks(), FluxQuirks(interrupt_us=30_500), FluxQuirks(retried_segment=1)]),
)
def test_any_session_comes_back_as_it_was(script: ClientScript, quirks: FluxQuirks) -> None:
    original = live(script, quirks)
    [recorded] = recorded_flux(original)
    assert received(again(recorded, script)) == received(original)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 120), said_texts.map(Speak) | st.just(Flush())), max_size=9),
    st.sampled_from([0.0, 4.0]),
)
def test_faster_it_is_the_same_in_the_same_order(
    steps: list[tuple[int, ClientMessage]], pace: float
) -> None:
    script = timed([*steps, (500, Flush())])
    original = live(script)
    [recorded] = recorded_flux(original)
    fast = [frame for _, frame in received(again(recorded, script, pace)) if not _answers(frame)]
    assert fast == [frame for _, frame in received(original) if not _answers(frame)]


def _answers(frame: str | bytes) -> bool:
    """Whether a frame answers a message and may stand elsewhere between those of a turn."""
    return isinstance(frame, str) and "NO_ACTIVE_SPEECH" in frame


def test_how_the_text_is_cut_makes_no_difference() -> None:
    recorded = recording(WHOLE)
    whole: ClientScript = [(2_000, Speak("Hello there.  How are you?")), (120_000, Flush())]
    events = again(recorded, [*whole, (CLOSE_US, Close())])
    assert [frame for _, frame in received(events)] == [frame for _, frame in received(live(WHOLE))]


@pytest.mark.parametrize("cut", [1, 6, 30])
def test_a_text_that_was_hidden_is_known_when_it_is_said(cut: int) -> None:
    text = f"Hello {SECRET} there. How are you?"
    script: ClientScript = [
        (2_000, Speak(text[:cut])),
        (3_000, Speak(text[cut:])),
        (120_000, Flush()),
    ]
    original = [
        replace(event, text=hide(event.text)) if isinstance(event, FrameSent) else event
        for event in live([*script, (CLOSE_US, Close())])
    ]
    [recorded] = recorded_flux(original)
    machine = FluxReplay(recorded, HELLO, AT_8_KHZ, 1.0, FluxLimits.none(), strict=True)
    events = World(machine, [*script, (CLOSE_US, Close())]).play()
    assert kinds(events) == kinds(original)
    assert machine.unrecorded == []


# --- another client ---------------------------------------------------------------------------


def test_another_text_gets_the_turn_in_its_place_and_a_warning() -> None:
    script: ClientScript = [(1_000, Speak("Something else")), (2_000, Flush()), (CLOSE_US, Close())]
    answers = messages(again(recording(WHOLE), script))
    assert answers[1] == TEXT_NOT_RECORDED
    assert [type(message) for message in answers[2:]] == [
        SpeechStarted,
        Flushed,
        SpeechMetadata,
        SessionMetadata,
    ]
    assert answers.count(TEXT_NOT_RECORDED) == 1


def test_a_turn_that_is_too_short_is_another_text() -> None:
    script: ClientScript = [*TURN[:2], (3_000, Flush()), (CLOSE_US, Close())]
    assert TEXT_NOT_RECORDED in messages(again(recording(WHOLE), script))


def test_when_nothing_is_left_there_is_silence() -> None:
    script: ClientScript = [
        *TURN,
        (300_000, Speak("More.")),
        (301_000, Flush()),
        (CLOSE_US, Close()),
    ]
    answers = messages(again(recording(WHOLE), script))
    more = answers[answers.index(RECORDING_EXHAUSTED) - 1 :]
    assert [type(message) for message in more] == [
        SpeechStarted,
        Warned,
        Flushed,
        SpeechMetadata,
        SessionMetadata,
    ]
    assert isinstance(more[3], SpeechMetadata)
    assert (more[3].audio_duration_ms, more[3].input_character_count) == (0, 5)


def test_an_interrupt_where_nobody_interrupted() -> None:
    script: ClientScript = [*TURN[:2], (60_000, Interrupt(30)), (CLOSE_US, Close())]
    events = again(recording(WHOLE), script)
    assert kinds(events) == ["Connected", "SpeechStarted", "SpeechInterrupted", "SessionMetadata"]
    interrupted = messages(events)[2]
    assert isinstance(interrupted, SpeechInterrupted)
    assert (interrupted.audio_played_ms, interrupted.text_spoken, interrupted.text_remaining) == (
        30,
        "Hello",
        " there. How are",
    )
    assert messages(events)[3] == SessionMetadata(30, 20, 20)


def test_no_interrupt_where_somebody_interrupted() -> None:
    events = again(recording(INTERRUPTED), WHOLE)
    assert kinds(events) == [
        "Connected",
        "SpeechStarted",
        "Flushed",
        "SpeechMetadata",
        "SessionMetadata",
    ]
    recorded = [frame for _, frame in received(live(INTERRUPTED)) if isinstance(frame, bytes)]
    assert [frame for _, frame in received(events) if isinstance(frame, bytes)] == recorded


def test_an_interrupt_at_another_place_is_answered_for_that_place() -> None:
    script: ClientScript = [*TURN[:3], (110_000, Interrupt(20)), (CLOSE_US, Close())]
    answers = messages(again(recording(INTERRUPTED), script))
    assert [
        message.audio_played_ms for message in answers if isinstance(message, SpeechInterrupted)
    ] == [20]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 120), said_messages), max_size=10).map(timed),
    st.lists(st.tuples(st.integers(0, 120), said_messages), max_size=10).map(timed),
    st.sampled_from([0.0, 1.0]),
)
def test_any_client_of_any_recording_is_served_to_the_end(
    first: ClientScript, second: ClientScript, pace: float
) -> None:
    events = again(recording(first), second, pace)
    assert isinstance(events[-1], SpeechDisconnected)
    started = [message for message in messages(events) if isinstance(message, SpeechStarted)]
    ended = [
        message
        for message in messages(events)
        if isinstance(message, SpeechMetadata | SpeechInterrupted)
    ]
    assert len(started) == len(ended)


# --- from events, and on a socket -------------------------------------------------------------


def test_only_connections_to_v2_are_read() -> None:
    connected = SpeechConnected(at_us=0, connection=0, url="ws://x/v1/speak", request_id="r")
    assert recorded_flux([connected, FrameSent(at_us=1, connection=0, text="{}")]) == ()


def test_a_recording_that_lacks_the_interrupt_is_given_all_the_same() -> None:
    original = [
        event
        for event in live(INTERRUPTED)
        if not (isinstance(event, FrameSent) and "Interrupt" in event.text)
    ]
    [recorded] = recorded_flux(original)
    events = kinds(again(recorded, [*TURN[:3], (CLOSE_US, Close())]))
    assert events == kinds(original)


def test_a_recording_without_its_sound_cannot_be_spoken() -> None:
    mute = [
        SpeechConnected(at_us=0, connection=0, url=URL, request_id="r"),
        AudioReceived(at_us=1, turn=1, connection=0, offset_bytes=0, size_bytes=2),
    ]
    with pytest.raises(TimelineError, match="without its sound"):
        recorded_flux(mute)


async def test_on_a_socket_frames_keep_their_instants() -> None:
    clock = WatchedClock()
    voice = RecordedVoice(recorded_speech([session_started(sample_rate_hz=8_000), *live(WHOLE)]))
    async with (
        running(voice=voice, clock=clock, pace=2.0) as url,
        talking(url, "model=flux-haley-en&sample_rate=8000") as talk,
    ):
        await talk.say(Speak("Hello there. How are"))
        assert isinstance(await talk.hear(), SpeechStarted)
        for instant_us in (10_000, 20_000):
            await clock.asleep_until(instant_us)
            clock.advance_us(10_000)
            assert sound([await talk.hear()])


@pytest.mark.parametrize("fault", ["odd-frames", "one-byte-frames", "big-frames"])
async def test_a_recording_in_frames_of_another_size(fault: str) -> None:
    original = live(WHOLE)
    voice = RecordedVoice(recorded_speech([session_started(sample_rate_hz=8_000), *original]))
    pcm = b"".join(event.pcm for event in original if isinstance(event, AudioReceived))
    async with (
        running(fault, voice=voice) as url,
        talking(url, "model=flux-haley-en&sample_rate=8000") as talk,
    ):
        await talk.say(Speak("Hello there. How are you?"), Flush(), Close())
        received, code, _ = await talk.hear_out()
    sizes = {len(frame) for frame in received if isinstance(frame, bytes)}
    assert (sound(received), code) == (pcm, 1000)
    assert sizes != {len(TWENTY_MS)}
    assert isinstance(received[-2], SpeechMetadata)


async def test_both_versions_give_it_back() -> None:
    original = live(WHOLE)
    voice = RecordedVoice(recorded_speech([session_started(sample_rate_hz=8_000), *original]))
    pcm = b"".join(event.pcm for event in original if isinstance(event, AudioReceived))
    async with running(voice=voice) as url:
        for _ in range(2):
            async with talking(url, "model=flux-haley-en&sample_rate=8000") as talk:
                await talk.say(Speak("Hello there. How are you?"), Flush(), Close())
                received, code, _ = await talk.hear_out()
                assert [
                    message for message in received if not isinstance(message, bytes)
                ] == messages(original)[1:]
                assert (sound(received), code) == (pcm, 1000)
        async with talking_v1(url, "sample_rate=8000") as talk_v1:
            await talk_v1.say(
                speak_messages.Speak("Hello there. How are you?"), speak_messages.Flush()
            )
            assert sound_of_v1(await talk_v1.hear_until(speak_messages.Flushed)) == pcm
        assert voice.expectation.differences() == ()
        async with talking(url, "model=flux-haley-en&sample_rate=8000") as talk:
            await talk.say(Speak("Something else."), Close())
            await talk.hear_out()
    (difference,) = voice.expectation.differences()
    assert (difference.kind, difference.got) == ("extra", "Something else.")
