"""The recording voice: a recorded session played into a client again is the same session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.errors import TimelineError
from gramophone.standin.recording import (
    RECORDING_EXHAUSTED,
    TEXT_NOT_RECORDED,
    RecordedSegment,
    RecordedSpeech,
    RecordingVoice,
    recorded_speech,
)
from gramophone.standin.voices import Sound
from gramophone.timeline import (
    AudioReceived,
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    SpeechDisconnected,
    TextSpoken,
)
from gramophone.wire.speak_messages import Close, Flush, Flushed, Speak, SpeakParameters, Warned
from tests.builders import session_started, short_session, spoken_exchange
from tests.standin.clocks import WatchedClock
from tests.standin.talking import messages, sound, talking
from tests.standins import running

QUERY = "model=aura-2-thalia-en&sample_rate=48000"
ODD_FRAMES = (b"\1" * 3, b"\2" * 1921, b"\3")


def text(chunk: int, words: str, at_us: int = 0) -> TextSpoken:
    return TextSpoken(
        at_us=at_us, turn=1, chunk=chunk, text=words, source_start=0, source_end=len(words)
    )


def flush(number: int, last_chunk: int, at_us: int = 0) -> FlushSent:
    return FlushSent(at_us=at_us, turn=1, flush=number, last_chunk=last_chunk)


def answered(number: int) -> FlushAnswered:
    return FlushAnswered(at_us=0, turn=1, flush=number, end_samples=0)


def frame(pcm: bytes, at_us: int = 0, *, stale: bool = False, turn: int = 1) -> AudioReceived:
    return AudioReceived(
        at_us=at_us,
        turn=turn,
        connection=0,
        offset_bytes=0,
        size_bytes=len(pcm),
        stale=stale,
        pcm=pcm,
    )


def segments(*events: Event) -> list[RecordedSegment]:
    return list(recorded_speech([session_started(), *events]).segments)


# --- from events ------------------------------------------------------------------------------


def test_frames_belong_to_the_flush_that_is_open() -> None:
    assert segments(
        text(0, "One, "),
        text(1, "two."),
        flush(0, last_chunk=1, at_us=100),
        text(2, "Three."),
        flush(1, last_chunk=2, at_us=150),
        frame(b"a", at_us=400),
        frame(b"b", at_us=500),
        answered(0),
        frame(b"c", at_us=600),
        answered(1),
    ) == [
        RecordedSegment("One, two.", ((300, b"a"), (400, b"b"))),
        RecordedSegment("Three.", ((450, b"c"),)),
    ]


def test_a_refused_flush_leaves_its_text_to_the_next() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        FlushRefused(at_us=0, turn=1, flush=0),
        text(1, "Two."),
        flush(1, last_chunk=1),
        frame(b"a"),
        answered(1),
    ) == [RecordedSegment("One.Two.", ((0, b"a"),))]


def test_frames_after_a_clear_stay_with_the_turn_they_came_for() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        frame(b"a"),
        ClearSent(at_us=0, turn=1),
        frame(b"b", stale=True),
    ) == [RecordedSegment("One.", ((0, b"a"), (0, b"b")))]


def test_a_frame_after_the_answer_is_not_lost() -> None:
    assert segments(text(0, "One."), flush(0, last_chunk=0), answered(0), frame(b"a")) == [
        RecordedSegment("One.", ((0, b"a"),))
    ]


def test_a_broken_connection_leaves_the_text_to_be_said_again() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        frame(b"a"),
        SpeechDisconnected(at_us=0, connection=0, code=1006, reason=""),
        flush(1, last_chunk=0),
        frame(b"b"),
        answered(1),
    ) == [RecordedSegment("One.", ((0, b"a"),)), RecordedSegment("One.", ((0, b"b"),))]


def test_a_recording_read_without_its_sound_is_an_error() -> None:
    mute = AudioReceived(at_us=0, turn=1, connection=0, offset_bytes=0, size_bytes=2)
    with pytest.raises(TimelineError, match="without its sound"):
        segments(text(0, "One."), flush(0, 0), mute)


def test_a_recording_without_a_beginning_is_an_error() -> None:
    with pytest.raises(TimelineError, match="no beginning"):
        recorded_speech([])


@given(
    st.lists(st.text("ab. ", min_size=1, max_size=4), max_size=6),
    st.lists(st.text("abc. ", min_size=1, max_size=6).filter(str.strip), max_size=6),
)
async def test_no_frame_is_given_that_was_not_recorded(
    recorded: list[str], asked: list[str]
) -> None:
    frames = [str(index).encode() for index in range(len(recorded))]
    voice = RecordingVoice(
        RecordedSpeech(
            "linear16",
            48_000,
            tuple(
                RecordedSegment(said, ((5, frame),))
                for said, frame in zip(recorded, frames, strict=True)
            ),
        )
    )
    for said in asked:
        async for piece in voice.synthesise(said, SpeakParameters()):
            if isinstance(piece, Sound):
                assert piece.pcm in frames
            else:
                assert piece.code in (TEXT_NOT_RECORDED, RECORDING_EXHAUSTED)


# --- played again -----------------------------------------------------------------------------


def voice_of(*events: Event) -> RecordingVoice:
    return RecordingVoice(recorded_speech(events))


async def test_a_recorded_session_gives_the_same_bytes_in_the_same_frames() -> None:
    session = short_session()
    recorded = [event.pcm for event in session if isinstance(event, AudioReceived)]
    async with running(voice=voice_of(*session)) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        assert await talk.hear_until(Flushed) == [*recorded, Flushed(0)]


async def test_odd_frames_come_back_odd() -> None:
    session = [session_started(), *spoken_exchange(frames=ODD_FRAMES)]
    async with running(voice=voice_of(*session)) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        assert await talk.hear_until(Flushed) == [*ODD_FRAMES, Flushed(0)]


@pytest.mark.parametrize(("pace", "step_us"), [(1.0, 10_000), (4.0, 2_500)])
async def test_frames_keep_their_recorded_timing(pace: float, step_us: int) -> None:
    clock = WatchedClock()
    voice = voice_of(*short_session())
    async with running(voice=voice, clock=clock, pace=pace) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        # The builder's first frame came 160 ms after its Flush, the second 10 ms later.
        await clock.asleep_until(16 * step_us)
        clock.advance_us(16 * step_us)
        await talk.hear()
        await clock.asleep_until(17 * step_us)
        clock.advance_us(step_us)
        assert len(await talk.hear_until(Flushed)) == 2


SPEECH = RecordedSpeech(
    "linear16",
    48_000,
    tuple(RecordedSegment(said, ((0, said.encode()),)) for said in ("One.", "Two.", "One.")),
)


async def test_text_is_matched_on_what_is_said_and_repeated_text_in_order() -> None:
    async with running(voice=RecordingVoice(SPEECH)) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("T"), Speak(" wo. "), Flush(), Speak("One."), Flush(), Close())
        heard, _, _ = await talk.hear_out()
        assert heard == [b"Two.", Flushed(0), b"One.", Flushed(1)]


@pytest.mark.parametrize(
    ("flushes", "sounds"),
    [
        (["One. Two.", "One."], [b"One.Two.", b"One."]),
        (["One. Two. One."], [b"One.Two.One."]),
        (["O", "ne. Tw", "o.", "One."], [b"One.", b"Two.", b"", b"One."]),
        (["Two. One."], [b"Two.One."]),
        (["Two.", "One.", "One. Two."], [b"Two.", b"One.", b"One.Two."]),
        (["Tw", "o."], [b"Two.", b""]),
    ],
)
async def test_how_the_text_is_cut_into_flushes_does_not_matter(
    flushes: list[str], sounds: list[bytes]
) -> None:
    async with running(voice=RecordingVoice(SPEECH)) as url, talking(url, QUERY) as talk:
        for said in flushes:
            await talk.say(Speak(said), Flush())
        heard = [await talk.hear_until(Flushed) for _ in flushes]
    assert [sound(part) for part in heard] == sounds
    assert all(len(messages(part)) == 1 for part in heard)


async def test_unknown_text_gets_the_next_segment_and_a_warning() -> None:
    async with running(voice=RecordingVoice(SPEECH)) as url, talking(url, QUERY) as talk:
        for said in ("One.", "Zwei.", "Drei.", "Vier."):
            await talk.say(Speak(said), Flush())
        await talk.say(Close())
        heard, _, _ = await talk.hear_out()
    assert sound(heard) == b"One.Two.One."
    warned = [message for message in messages(heard) if isinstance(message, Warned)]
    assert [warning.code for warning in warned] == [
        TEXT_NOT_RECORDED,
        TEXT_NOT_RECORDED,
        RECORDING_EXHAUSTED,
    ]
    assert messages(heard)[-1] == Flushed(3)


async def test_a_segment_without_a_text_is_given_once() -> None:
    speech = RecordedSpeech(
        "linear16", 48_000, (RecordedSegment("", ((0, b"a"),)), RecordedSegment("", ((0, b"b"),)))
    )
    async with running(voice=RecordingVoice(speech)) as url, talking(url, QUERY) as talk:
        await talk.say(*[Speak("Hello."), Flush()] * 3, Close())
        assert sound((await talk.hear_out())[0]) == b"ab"


async def test_each_connection_starts_at_the_beginning() -> None:
    async with running(voice=RecordingVoice(SPEECH)) as url:
        for _ in range(2):
            async with talking(url, QUERY) as talk:
                await talk.say(Speak("Eins."), Flush(), Close())
                assert sound((await talk.hear_out())[0]) == b"One."
