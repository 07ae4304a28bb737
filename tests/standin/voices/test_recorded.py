"""The recorded voice: a recorded session played into a client again is the same session."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.timeline import AudioReceived, Event
from gramophone.standin.source.matching import Difference
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech, recorded_speech
from gramophone.standin.voice import Break, VoiceRefused, VoiceSound
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.server_actions import NOT_IN_SOURCE
from gramophone.wire.deepgram.speak_v1.messages import Close, Flush, Flushed, Speak, SpeakParameters
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.clocks import WatchedClock
from tests.support.speak_client import messages, sound, talking
from tests.support.standins import running

QUERY = "model=aura-2-thalia-en&sample_rate=48000"
ODD_FRAMES = (b"\1" * 3, b"\2" * 1921, b"\3")
PARAMETERS = SpeakParameters(sample_rate_hz=48_000)


def tones(text: str) -> bytes:
    return b"".join(ToneVoice().words(text, PARAMETERS))


def voice_of(*events: Event) -> RecordedVoice:
    return RecordedVoice(recorded_speech(events))


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
    tuple(RecordedSegment(text, ((0, text.encode()),)) for text in ("One.", "Two.", "One.")),
)


async def test_text_is_matched_on_what_is_said_and_repeated_text_in_order() -> None:
    async with running(voice=RecordedVoice(SPEECH)) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("T"), Speak(" wo. "), Flush(), Speak("One."), Flush(), Close())
        received, _, _ = await talk.hear_out()
        assert received == [b"Two.", Flushed(0), b"One.", Flushed(1)]


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
    async with running(voice=RecordedVoice(SPEECH)) as url, talking(url, QUERY) as talk:
        for text in flushes:
            await talk.say(Speak(text), Flush())
        received = [await talk.hear_until(Flushed) for _ in flushes]
    assert [sound(part) for part in received] == sounds
    assert all(len(messages(part)) == 1 for part in received)


async def test_unknown_text_is_spoken_in_tones_and_told() -> None:
    voice = RecordedVoice(SPEECH)
    async with running(voice=voice) as url, talking(url, QUERY) as talk:
        for text in ("One.", "Something else.", "Two.", "One."):
            await talk.say(Speak(text), Flush())
        await talk.say(Close())
        received, _, _ = await talk.hear_out()
    assert sound(received) == b"One." + tones("Something else.") + b"Two.One."
    assert messages(received) == [Flushed(0), Flushed(1), Flushed(2), Flushed(3)]
    assert voice.expectation.differences() == (
        Difference("extra", "speech", "", "Something else."),
    )


async def test_a_strict_recording_hangs_up_on_unknown_text() -> None:
    voice = RecordedVoice(SPEECH, strict=True)
    async with running(voice=voice) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One."), Flush(), Speak("Zwei."), Flush())
        received, code, reason = await talk.hear_out()
    assert (sound(received), code, reason) == (b"One.", 1008, NOT_IN_SOURCE)
    assert [difference.kind for difference in voice.expectation.differences()] == [
        "extra",
        "unsent",
        "unsent",
    ]


CUT = replace(SPEECH, messages=("One", ".", "Two. One."))
AS_CUT = [Speak("One"), Speak(" . "), Flush(), Speak("Two. One."), Flush()]


async def test_by_message_the_cutting_counts() -> None:
    voice = RecordedVoice.by_message(CUT)
    async with running(voice=voice) as url, talking(url, QUERY) as talk:
        await talk.say(*AS_CUT, Close())
        received, _, _ = await talk.hear_out()
        assert sound(received) == b"One.Two.One."
    assert voice.expectation.differences() == ()
    voice = RecordedVoice.by_message(CUT)
    async with running(voice=voice) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One."), Flush(), Speak("Two."), Speak(" One."), Flush(), Close())
        received, _, _ = await talk.hear_out()
        assert sound(received) == b"One.Two.One.", "it is told at the end alone"
    assert [
        (difference.kind, difference.got) for difference in voice.expectation.differences()
    ] == [
        ("changed", "One."),
        ("extra", "Two."),
        ("extra", " One."),
        ("unsent", ""),
        ("unsent", ""),
    ]


async def test_by_message_a_strict_recording_refuses_the_message() -> None:
    voice = RecordedVoice.by_message(CUT, strict=True)
    async with running(voice=voice) as url, talking(url, QUERY) as talk:
        await talk.say(*AS_CUT[:3])
        assert await talk.hear_until(Flushed)
        await talk.say(Speak("Two."))
        assert (await talk.hear_out())[1:] == (1008, NOT_IN_SOURCE)


async def test_without_a_connection_each_text_is_a_message() -> None:
    voice = RecordedVoice.by_message(CUT, strict=True).for_connection()
    whole = [piece async for piece in voice.synthesise("Two. One.", PARAMETERS)]
    assert whole == [VoiceSound(b"Two.", 0), VoiceSound(b"One.", 0)]
    with pytest.raises(VoiceRefused):
        await anext(voice.for_connection().synthesise("Two.", PARAMETERS))


async def test_a_connection_breaks_as_recorded_and_the_next_goes_on() -> None:
    speech = RecordedSpeech(
        "linear16",
        48_000,
        (
            RecordedSegment("One.", ((0, b"a"),), ends=Break(1011, "NET-0000")),
            RecordedSegment("One.", ((0, b"b"),), ends=Break(1006, "")),
            RecordedSegment("One.", ((0, b"c"),)),
        ),
    )
    voice = RecordedVoice(speech)
    ends: list[tuple[bytes, int | None, str | None]] = []
    async with running(voice=voice) as url:
        for _ in range(3):
            async with talking(url, QUERY) as talk:
                await talk.say(Speak("One."), Flush(), Close())
                received, code, reason = await talk.hear_out()
                ends.append((sound(received), code, reason))
    assert ends == [(b"a", 1011, "NET-0000"), (b"b", 1006, ""), (b"c", 1000, "")]
    assert voice.expectation.differences() == ()


@pytest.mark.parametrize("flushes", [["One. Two."], ["One.", "Two."]])
async def test_a_connection_breaks_however_the_text_is_cut(flushes: list[str]) -> None:
    speech = RecordedSpeech(
        "linear16",
        48_000,
        (
            RecordedSegment("One.", ((0, b"a"),), ends=Break(1011, "NET-0000")),
            RecordedSegment("One.", ((0, b"b"),)),
            RecordedSegment("Two.", ((0, b"c"),)),
        ),
    )
    voice = RecordedVoice(speech)
    received: list[bytes] = []
    async with running(voice=voice) as url:
        for _ in range(2):
            async with talking(url, QUERY) as talk:
                for text in flushes:
                    await talk.say(Speak(text), Flush())
                await talk.say(Close())
                received.append(sound((await talk.hear_out())[0]))
    assert received == [b"a", b"bc"]
    assert voice.expectation.differences() == ()


async def test_what_has_no_frames_is_spoken_in_tones() -> None:
    speech = RecordedSpeech("", 0, (RecordedSegment("One two.", None, first_us=5_000),))
    async with running(voice=RecordedVoice(speech)) as url, talking(url, QUERY) as talk:
        await talk.say(Speak("One two."), Flush())
        received = await talk.hear_until(Flushed)
    assert sound(received) == tones("One two.")
    assert {len(frame) for frame in received[:-2] if isinstance(frame, bytes)} == {1920}


async def test_each_connection_starts_at_the_beginning() -> None:
    async with running(voice=RecordedVoice(SPEECH)) as url:
        for _ in range(2):
            async with talking(url, QUERY) as talk:
                await talk.say(Speak("One."), Flush(), Close())
                assert sound((await talk.hear_out())[0]) == b"One."


@given(
    st.lists(st.text("ab. ", min_size=1, max_size=4), max_size=6),
    st.lists(st.text("abc. ", min_size=1, max_size=6).filter(str.strip), max_size=6),
)
async def test_every_frame_was_recorded_or_is_a_tone(recorded: list[str], texts: list[str]) -> None:
    frames = [str(index).encode() for index in range(len(recorded))]
    voice = RecordedVoice(
        RecordedSpeech(
            "linear16",
            48_000,
            tuple(
                RecordedSegment(text, ((5, frame),))
                for text, frame in zip(recorded, frames, strict=True)
            ),
        )
    )
    for text in texts:
        async for piece in voice.synthesise(text, SpeakParameters()):
            assert isinstance(piece, VoiceSound)
            assert piece.pcm in frames or piece.pcm in ToneVoice().words(text, SpeakParameters())
