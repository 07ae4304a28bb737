"""The service's side of Speak v1, as transcripts: what came in, what goes out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    ClientMessage,
    Close,
    Flush,
    Flushed,
    Metadata,
    Speak,
    Warned,
    render,
)
from gramophone.wire.deepgram.speak_v1.server import (
    EXCESSIVE_FLUSH,
    Action,
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    SpeakLimits,
    SpeakQuirks,
    SpeakServer,
    StartSynthesis,
)

HELLO = Metadata("r-1", "aura-2-thalia-en", "1", "m-1")
SECOND_US = 1_000_000


@dataclass
class Talk:
    """A server that is talked to; its clock is moved by hand."""

    limits: SpeakLimits = field(default_factory=SpeakLimits)
    quirks: SpeakQuirks = field(default_factory=SpeakQuirks)
    now_us: int = 0

    def __post_init__(self) -> None:
        self.server = SpeakServer(HELLO, self.limits, self.quirks)
        assert self.server.opened(self.now_us) == [SendText(HELLO)]

    def hears(self, *messages: ClientMessage) -> list[Action]:
        actions: list[Action] = []
        for message in messages:
            actions += self.server.text_received(render(message), self.now_us)
        return actions


def test_text_is_spoken_only_when_flushed() -> None:
    talk = Talk()
    assert talk.hears(Speak("Hello there.")) == []
    assert talk.hears(Flush()) == [StartSynthesis(0, "Hello there.", 0)]
    assert talk.server.audio_made(0, b"\1\0") == [SendAudio(b"\1\0")]
    assert talk.server.audio_made(0, b"\2\0") == [SendAudio(b"\2\0")]
    assert talk.server.synthesised(0) == [SendText(Flushed(0))]


def test_no_space_is_put_between_two_texts() -> None:
    talk = Talk()
    assert talk.hears(Speak("12345."), Speak("Let me"), Flush()) == [
        StartSynthesis(0, "12345.Let me", 0)
    ]


def test_an_empty_buffer_is_flushed_at_once() -> None:
    assert Talk().hears(Flush()) == [SendText(Flushed(0))]
    assert Talk().hears(Speak(" \n"), Flush()) == [SendText(Flushed(0))]


def test_flushes_are_answered_in_order_one_voice_at_a_time() -> None:
    talk = Talk()
    assert talk.hears(Speak("One."), Flush(), Flush(), Speak("Two."), Flush()) == [
        StartSynthesis(0, "One.", 0)
    ]
    assert talk.server.synthesised(0) == [
        SendText(Flushed(0)),
        SendText(Flushed(1)),
        StartSynthesis(2, "Two.", 0),
    ]
    assert talk.server.synthesised(2) == [SendText(Flushed(2))]


def test_clear_drops_text_sound_and_flushes() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush(), Speak("Two."), Flush(), Speak("Three."))
    assert talk.hears(Clear()) == [CancelSynthesis(0), SendText(Cleared(0))]
    assert talk.server.audio_made(0, b"\1\0") == []
    assert talk.server.remarked(0, Warned("X", "x")) == []
    assert talk.server.synthesised(0) == []
    assert talk.hears(Flush()) == [SendText(Flushed(1))]


def test_clear_with_nothing_to_drop_is_answered() -> None:
    assert Talk().hears(Clear()) == [SendText(Cleared(0))]


def test_close_waits_for_what_was_flushed() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush())
    assert talk.hears(Close(), Speak("More."), Flush()) == []
    assert talk.server.audio_made(0, b"\1\0") == [SendAudio(b"\1\0")]
    assert talk.server.synthesised(0) == [SendText(Flushed(0)), CloseConnection(1000, "")]


def test_close_leaves_text_that_was_never_flushed_unspoken() -> None:
    assert Talk().hears(Speak("One."), Close()) == [CloseConnection(1000, "")]


def test_clear_after_close_ends_the_wait() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush(), Close())
    assert talk.hears(Clear()) == [
        CancelSynthesis(0),
        SendText(Cleared(0)),
        CloseConnection(1000, ""),
    ]


def test_nothing_is_said_after_hanging_up() -> None:
    talk = Talk()
    talk.hears(Close())
    assert talk.hears(Speak("One."), Flush(), Clear(), Close()) == []
    assert talk.server.binary_received() == []
    assert talk.server.time_passed(2**62) == []


def test_a_long_text_ends_the_connection() -> None:
    talk = Talk()
    assert talk.hears(Speak("x" * 2_000)) == []
    assert talk.hears(Speak("x" * 2_001)) == [CloseConnection(1009, "BIG-0001")]


def test_too_many_characters_a_minute_end_the_connection() -> None:
    talk = Talk()
    assert talk.hears(Speak("x" * 1_200)) == []
    talk.now_us = 30 * SECOND_US
    assert talk.hears(Speak("x" * 1_200)) == []
    talk.now_us = 60 * SECOND_US
    assert talk.hears(Speak("x" * 1_200)) == []
    assert talk.hears(Speak("x")) == [CloseConnection(1008, "DATA-0001")]


def test_the_flush_that_is_too_many_is_ignored_and_its_text_stays() -> None:
    talk = Talk(limits=SpeakLimits(minute_flushes=2))
    assert talk.hears(Flush(), Flush()) == [SendText(Flushed(0)), SendText(Flushed(1))]
    assert talk.hears(Speak("Hello."), Flush()) == [SendText(EXCESSIVE_FLUSH)]
    talk.now_us = 60 * SECOND_US
    assert talk.hears(Flush()) == [StartSynthesis(2, "Hello.", 60 * SECOND_US)]


def test_a_session_lasts_an_hour() -> None:
    talk = Talk(now_us=5)
    deadline_us = 5 + 3_600 * SECOND_US
    assert talk.server.deadline_us == deadline_us
    talk.hears(Speak("One."), Flush())
    assert talk.server.time_passed(deadline_us - 1) == []
    assert talk.server.time_passed(deadline_us) == [
        CancelSynthesis(0),
        CloseConnection(1011, "NET-0003"),
    ]


def test_without_limits_nothing_is_too_much() -> None:
    talk = Talk(limits=SpeakLimits.none())
    assert talk.hears(Speak("x" * 100_000), *[Flush()] * 100)[:1] == [
        StartSynthesis(0, "x" * 100_000, 0)
    ]
    assert talk.server.deadline_us is None
    assert talk.server.time_passed(2**62) == []


@pytest.mark.parametrize("text", ["hello", "{}", '{"type":"KeepAlive"}', '{"type":"Speak"}'])
def test_what_is_not_understood_ends_the_connection(text: str) -> None:
    assert Talk().server.text_received(text, 0) == [CloseConnection(1008, "DATA-0000")]


def test_a_binary_frame_ends_the_connection() -> None:
    assert Talk().server.binary_received() == [CloseConnection(1003, "MESSAGE-0000")]


def test_a_voice_that_fails_ends_the_connection() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush())
    assert talk.server.failed(0) == [CancelSynthesis(0), CloseConnection(1011, "NET-0000")]


def test_quirk_one_flush_is_refused() -> None:
    talk = Talk(quirks=SpeakQuirks(refused_flush=2))
    assert talk.hears(Flush(), Speak("Hi."), Flush(), Flush()) == [
        SendText(Flushed(0)),
        SendText(EXCESSIVE_FLUSH),
        StartSynthesis(1, "Hi.", 0),
    ]


def test_quirk_flushed_comes_after_cleared() -> None:
    talk = Talk(quirks=SpeakQuirks(late_flushed=True))
    talk.hears(Speak("One."), Flush(), Speak("Two."), Flush())
    assert talk.hears(Clear()) == [
        CancelSynthesis(0),
        SendText(Cleared(0)),
        SendText(Flushed(1)),
        SendText(Flushed(2)),
    ]


def test_where_sound_starts_at_a_sentence_it_does_not_wait_for_the_flush() -> None:
    talk = Talk(quirks=SpeakQuirks(starts_at_sentence=True))
    assert talk.hears(Speak("Hello there. How")) == [StartSynthesis(0, "Hello there.", 0)]
    assert talk.server.synthesised(0) == []
    assert talk.hears(Speak(" are you? And")) == [StartSynthesis(1, " How are you?", 0)]
    assert talk.hears(Flush()) == []
    assert talk.server.synthesised(1) == [StartSynthesis(2, " And", 0)]
    assert talk.server.synthesised(2) == [SendText(Flushed(0))]
    assert talk.hears(Speak("One. Two"), Clear()) == [
        StartSynthesis(3, "One.", 0),
        CancelSynthesis(3),
        SendText(Cleared(1)),
    ]
    assert talk.hears(Flush()) == [SendText(Flushed(2))]


def test_where_sound_starts_at_a_sentence_close_finishes_what_has_begun() -> None:
    talk = Talk(quirks=SpeakQuirks(starts_at_sentence=True))
    assert talk.hears(Speak("One. Two. Three"), Close()) == [StartSynthesis(0, "One.", 0)]
    assert talk.server.synthesised(0) == [StartSynthesis(1, " Two.", 0)]
    assert talk.server.synthesised(1) == [CloseConnection(1000, "")]


@given(st.lists(st.sampled_from(["One. ", "Two", " three? ", "", "...", Flush()]), max_size=12))
def test_where_sound_starts_at_a_sentence_the_same_is_spoken(pieces: list[str | Flush]) -> None:
    spoken: list[str] = []
    for quirks in (SpeakQuirks(), SpeakQuirks(starts_at_sentence=True)):
        talk, flushes, text = Talk(limits=SpeakLimits.none(), quirks=quirks), 0, ""
        for piece in [*pieces, Flush()]:
            actions = talk.hears(Speak(piece) if isinstance(piece, str) else piece)
            while actions:
                flushes += sum(isinstance(action, SendText) for action in actions)
                begun = [action for action in actions if isinstance(action, StartSynthesis)]
                text += "".join(action.text for action in begun)
                actions = talk.server.synthesised(begun[0].job) if begun else []
        assert flushes == 1 + sum(isinstance(piece, Flush) for piece in pieces)
        spoken.append("".join(text.split()))
    assert spoken[0] == spoken[1]


steps = st.one_of(
    st.text(max_size=12).map(Speak),
    st.sampled_from([Flush(), Clear(), Close()]),
    st.sampled_from(["audio", "finish", "later"]),
)


@given(st.lists(steps, max_size=60), st.sampled_from([SpeakLimits(), SpeakLimits.none()]))
def test_in_any_order_each_accepted_flush_is_answered_once(
    played: list[ClientMessage | str], limits: SpeakLimits
) -> None:
    talk = Talk(limits=limits)
    open_flushes = 0
    job: int | None = None
    sequence_ids: list[int] = []
    for step in played:
        match step:
            case "audio":
                actions = talk.server.audio_made(0 if job is None else job, b"\1\0")
                assert actions == ([] if job is None else [SendAudio(b"\1\0")])
            case "finish":
                actions = [] if job is None else talk.server.synthesised(job)
            case "later":
                talk.now_us += SECOND_US
                actions = talk.server.time_passed(talk.now_us)
            case str():
                raise AssertionError(step)
            case _:
                actions = talk.hears(step)
                closed = SendText(EXCESSIVE_FLUSH) in actions or talk.server.closing
                open_flushes += isinstance(step, Flush) and not closed
        for action in actions:
            match action:
                case StartSynthesis():
                    assert job is None or "finish" == step
                    job = action.job
                case CancelSynthesis():
                    assert job == action.job
                    job = None
                case SendText(Flushed(sequence_id)):
                    sequence_ids.append(sequence_id)
                    open_flushes -= 1
                    job = None
                case SendText(Cleared(sequence_id)):
                    sequence_ids.append(sequence_id)
                    open_flushes = 0
                case CloseConnection(code, reason):
                    assert (code, reason) == (1000, "")
                    assert open_flushes == 0
                    assert talk.hears(Speak("x"), Flush(), Clear()) == []
                    return
                case _:
                    pass
        assert open_flushes >= 0
        assert (job is None) == (open_flushes == 0)
    assert sequence_ids == list(range(len(sequence_ids)))
