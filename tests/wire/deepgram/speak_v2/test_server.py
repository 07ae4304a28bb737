"""The service's side of Speak v2, as transcripts: what came in, what goes out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from gramophone.wire.deepgram.server_actions import (
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Close,
    Configure,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    ControlsApplied,
    Errored,
    Flush,
    Flushed,
    Interrupt,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Warned,
    render,
)
from gramophone.wire.deepgram.speak_v2.notices import (
    INTERRUPT_IN_PROGRESS,
    INVALID_INTERRUPT_OFFSET,
    NO_ACTIVE_SPEECH,
    NO_AUDIO_GENERATED,
    NO_SYNTHESIZABLE_TEXT,
    SYNTHESIS_RETRYING,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits, FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import Action, SpeakV2Server

HELLO = Connected("r-1", "flux-haley-en", "1", ("m-1",))
AT_8_KHZ = FluxParameters(model="flux-haley-en", sample_rate_hz=8_000)
SECOND_US = 1_000_000
ONE_MS = bytes(16)

IDS = ["dg_sp_a5fa777a3dc6", "dg_sp_4431f133bd11", "dg_sp_e2696aed3c5c"]
PRONOUNCED = r'\{"word": "Hi", "pronounce": "haɪ"\}'


@dataclass
class Talk:
    """A server that is talked to; its clock is moved by hand."""

    limits: FluxLimits = field(default_factory=FluxLimits)
    quirks: FluxQuirks = field(default_factory=FluxQuirks)
    parameters: FluxParameters = AT_8_KHZ
    now_us: int = 0

    def __post_init__(self) -> None:
        self.server = SpeakV2Server(HELLO, self.parameters, self.limits, self.quirks)
        assert self.server.opened(self.now_us) == [SendText(HELLO)]

    def hears(self, *messages: ClientMessage) -> list[Action]:
        actions: list[Action] = []
        for message in messages:
            actions += self.server.text_received(render(message), self.now_us)
        return actions

    def sounds(self, job: int, ms: int) -> None:
        pcm = ONE_MS * ms
        assert self.server.audio_made(job, pcm) == [SendAudio(pcm)]


def body(turn: int, ms: int, characters: int, billable: int | None = None) -> SpeechMetadata:
    return SpeechMetadata(IDS[turn], ms, characters, characters if billable is None else billable)


def test_a_turn_speaks_before_its_flush_and_ends_with_its_metadata() -> None:
    talk = Talk()
    assert talk.hears(Speak("Hello ")) == [SendText(SpeechStarted(IDS[0]))]
    assert talk.hears(Speak("there. How")) == [StartSynthesis(0, "Hello there.", 0)]
    talk.sounds(0, 300)
    assert talk.server.synthesised(0) == []
    assert talk.hears(Speak(" are you?")) == []
    assert talk.hears(Flush()) == [StartSynthesis(1, " How are you?", 0), SendText(Flushed(IDS[0]))]
    talk.sounds(1, 200)
    assert talk.server.synthesised(1) == [SendText(body(0, 500, 25))]
    assert talk.hears(Close()) == [
        SendText(SessionMetadata(500, 25, 25)),
        CloseConnection(1000, ""),
    ]


def test_only_on_flush_nothing_is_spoken_before() -> None:
    talk = Talk(quirks=FluxQuirks(only_on_flush=True))
    assert talk.hears(Speak("One. Two. Three.")) == [SendText(SpeechStarted(IDS[0]))]
    assert talk.hears(Flush()) == [
        StartSynthesis(0, "One. Two. Three.", 0),
        SendText(Flushed(IDS[0])),
    ]


def test_flushed_comes_when_the_last_segment_is_being_spoken() -> None:
    talk = Talk()
    assert talk.hears(Speak("One. Two. Three."), Flush()) == [
        SendText(SpeechStarted(IDS[0])),
        StartSynthesis(0, "One.", 0),
    ]
    assert talk.server.synthesised(0) == [StartSynthesis(1, " Two.", 0)]
    assert talk.server.synthesised(1) == [
        StartSynthesis(2, " Three.", 0),
        SendText(Flushed(IDS[0])),
    ]
    assert talk.server.synthesised(2) == [SendText(body(0, 0, 16))]


def test_turns_wait_for_each_other() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush())
    talk.now_us = 5
    assert talk.hears(Speak("Two."), Flush(), Speak("Three."), Flush()) == []
    talk.sounds(0, 10)
    assert talk.server.synthesised(0) == [
        SendText(body(0, 10, 4)),
        SendText(SpeechStarted(IDS[1])),
        StartSynthesis(1, "Two.", 5),
        SendText(Flushed(IDS[1])),
    ]
    assert talk.server.synthesised(1) == [
        SendText(body(1, 0, 4)),
        SendText(SpeechStarted(IDS[2])),
        StartSynthesis(2, "Three.", 5),
        SendText(Flushed(IDS[2])),
    ]


def test_a_flush_without_a_turn_is_ignored() -> None:
    talk = Talk()
    assert talk.hears(Flush()) == [SendText(NO_ACTIVE_SPEECH)]
    talk.hears(Speak("One."), Flush())
    assert talk.hears(Flush()) == [SendText(NO_ACTIVE_SPEECH)]


@pytest.mark.parametrize("text", ["", " \n", "... !?", "—"])
def test_a_turn_without_a_word_has_no_sound(text: str) -> None:
    assert Talk().hears(Speak(text), Flush()) == [
        SendText(SpeechStarted(IDS[0])),
        SendText(Flushed(IDS[0])),
        SendText(NO_SYNTHESIZABLE_TEXT),
        SendText(body(0, 0, len(text))),
    ]


def test_close_speaks_what_was_never_flushed() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush(), Speak("Two"))
    assert talk.hears(Close(), Speak("More."), Flush(), Close()) == []
    talk.sounds(0, 7)
    assert talk.server.synthesised(0) == [
        SendText(body(0, 7, 4)),
        SendText(SpeechStarted(IDS[1])),
        StartSynthesis(1, "Two", 0),
    ]
    assert talk.server.synthesised(1) == [
        SendText(body(1, 0, 3)),
        SendText(SessionMetadata(7, 7, 7)),
        CloseConnection(1000, ""),
    ]


def test_nothing_is_said_after_hanging_up() -> None:
    talk = Talk()
    assert talk.hears(Close()) == [SendText(SessionMetadata(0, 0, 0)), CloseConnection(1000, "")]
    assert talk.hears(Speak("One."), Flush(), Interrupt(), Configure(), Close()) == []
    assert talk.server.binary_received() == []
    assert talk.server.time_passed(2**62) == []


# --- interrupts -------------------------------------------------------------------------------


def spoken(seconds: float, text: str = "One two. Three four. And") -> Talk:
    """A talk whose first sentence has lasted so long; a text that ends is flushed."""
    talk = Talk()
    talk.hears(Speak(text))
    if text.endswith("."):
        talk.hears(Flush())
    talk.sounds(0, round(seconds * 1000))
    return talk


def test_an_interrupt_says_what_was_heard() -> None:
    talk = spoken(0.8, "One two. Three four. And")
    talk.server.synthesised(0)
    talk.sounds(1, 700)
    # The second sentence would have lasted 1,200 ms at the rate of the first.
    assert talk.hears(Interrupt(1_400)) == [
        CancelSynthesis(1),
        SendText(SpeechInterrupted(1_400, body(0, 1_400, 24), "One two. Three", " four. And")),
    ]
    assert talk.server.audio_made(1, ONE_MS) == []
    assert talk.server.synthesised(1) == []
    assert talk.hears(Close()) == [
        SendText(SessionMetadata(1_400, 24, 24)),
        CloseConnection(1000, ""),
    ]


def test_an_interrupt_without_an_offset_counts_all_that_was_sent() -> None:
    talk = spoken(0.8)
    assert talk.hears(Interrupt()) == [
        CancelSynthesis(0),
        SendText(SpeechInterrupted(800, body(0, 800, 24))),
    ]
    assert talk.hears(Speak("Again. And")) == [
        SendText(SpeechStarted(IDS[1])),
        StartSynthesis(1, "Again.", 0),
    ]
    talk.sounds(1, 100)
    assert talk.hears(Interrupt(800)) == [SendText(INVALID_INTERRUPT_OFFSET)]
    assert talk.hears(Interrupt(850))[1:] == [
        SendText(SpeechInterrupted(850, body(1, 50, 10), "", "Again. And"))
    ]


def test_a_part_of_a_word_was_not_heard() -> None:
    talk = spoken(0.9, "Seven eight nine. Ten")
    talk.server.synthesised(0)
    assert talk.hears(Interrupt(500)) == [
        SendText(SpeechInterrupted(500, body(0, 500, 21), "Seven", " eight nine. Ten"))
    ]


def test_sound_that_was_sent_and_not_heard_no_longer_counts() -> None:
    talk = spoken(1.0, "One two.")
    talk.server.synthesised(0)
    talk.hears(Speak("Three four. And"))
    talk.sounds(1, 500)
    # The client is still within the first turn, and the second is what is cancelled.
    assert talk.hears(Interrupt(700)) == [
        CancelSynthesis(1),
        SendText(SpeechInterrupted(700, body(1, 0, 15), "", "Three four. And")),
    ]
    assert talk.hears(Close())[0] == SendText(SessionMetadata(700, 23, 23))


def test_an_interrupt_that_cannot_be_is_ignored() -> None:
    talk = Talk()
    assert talk.hears(Interrupt(10)) == [SendText(NO_AUDIO_GENERATED)]
    assert talk.hears(Speak("One. Two"), Interrupt(10))[2:] == [SendText(NO_AUDIO_GENERATED)]
    talk.sounds(0, 50)
    assert talk.hears(Interrupt(-1)) == [SendText(INVALID_INTERRUPT_OFFSET)]
    talk.hears(Interrupt(40))
    assert talk.hears(Interrupt(45)) == [SendText(NO_ACTIVE_SPEECH)]


def test_the_turns_that_wait_go_on_after_an_interrupt() -> None:
    talk = spoken(0.1, "One.")
    talk.hears(Speak("Two."), Flush())
    assert talk.hears(Interrupt(50)) == [
        CancelSynthesis(0),
        SendText(SpeechInterrupted(50, body(0, 50, 4), "", "One.")),
        SendText(SpeechStarted(IDS[1])),
        StartSynthesis(1, "Two.", 0),
        SendText(Flushed(IDS[1])),
    ]


def test_while_an_interrupt_is_processed_sound_goes_on() -> None:
    talk = Talk(quirks=FluxQuirks(interrupt_us=SECOND_US))
    talk.hears(Speak("One two. And"))
    talk.sounds(0, 100)
    assert talk.hears(Interrupt(60)) == []
    assert talk.server.deadline_us == SECOND_US
    assert talk.hears(Interrupt(70)) == [SendText(INTERRUPT_IN_PROGRESS)]
    talk.sounds(0, 100)
    assert talk.hears(Speak("Next turn.")) == []
    assert talk.server.time_passed(SECOND_US - 1) == []
    assert talk.server.time_passed(SECOND_US) == [
        CancelSynthesis(0),
        SendText(SpeechInterrupted(60, body(0, 60, 12), "", "One two. And")),
        SendText(SpeechStarted(IDS[1])),
    ]


def test_a_turn_that_ends_while_it_is_interrupted_ends_once() -> None:
    talk = Talk(quirks=FluxQuirks(interrupt_us=SECOND_US))
    talk.hears(Speak("One two."), Flush())
    talk.sounds(0, 100)
    talk.hears(Interrupt(100), Close())
    assert talk.server.synthesised(0) == [
        SendText(SpeechInterrupted(100, body(0, 100, 8), "One two.", "")),
        SendText(SessionMetadata(100, 8, 8)),
        CloseConnection(1000, ""),
    ]


# --- speed and controls -----------------------------------------------------------------------


def test_a_speed_holds_from_the_next_segment_on() -> None:
    talk = Talk()
    assert talk.hears(Configure()) == [SendText(ConfigureSuccess(None))]
    talk.hears(Speak("One. Two. Three"))
    assert talk.hears(Configure(1.15)) == [SendText(ConfigureSuccess(1.15))]
    assert talk.server.synthesised(0) == [StartSynthesis(1, " Two.", 0, 1.15)]
    assert talk.hears(Configure()) == [SendText(ConfigureSuccess(1.15))]


def test_the_speed_of_the_query_has_been_set() -> None:
    talk = Talk(parameters=FluxParameters(model="flux-haley-en", speed=0.9))
    assert talk.hears(Configure()) == [SendText(ConfigureSuccess(0.9))]


@pytest.mark.parametrize(
    ("speed", "code"),
    [(3.5, "SPEED_OUT_OF_RANGE"), (0.45, "SPEED_OUT_OF_RANGE"), (1.07, "SPEED_INCREMENT_INVALID")],
)
def test_a_speed_that_cannot_be_changes_nothing(speed: float, code: str) -> None:
    talk = Talk()
    [answer] = talk.hears(Configure(speed))
    assert isinstance(answer, SendText)
    assert isinstance(answer.message, ConfigureFailure)
    assert (answer.message.code, answer.message.field, answer.message.value) == (
        code,
        "speed",
        speed,
    )
    assert talk.hears(Configure()) == [SendText(ConfigureSuccess(None))]


def test_a_model_may_have_no_speed() -> None:
    talk = Talk(parameters=FluxParameters(model="flux-haley-es"))
    [answer] = talk.hears(Configure(1.0))
    assert isinstance(answer, SendText)
    assert isinstance(answer.message, ConfigureFailure)
    assert (answer.message.code, answer.message.value) == ("SPEED_NOT_SUPPORTED", None)


def test_a_configuration_may_fail_inside() -> None:
    talk = Talk(quirks=FluxQuirks(failed_configure=2))
    assert talk.hears(Configure(1.1)) == [SendText(ConfigureSuccess(1.1))]
    [answer] = talk.hears(Configure(1.2))
    assert isinstance(answer, SendText)
    assert isinstance(answer.message, ConfigureFailure)
    assert answer.message.code == "INTERNAL_ERROR"
    assert talk.hears(Configure()) == [SendText(ConfigureSuccess(1.1))]


def test_pronunciations_are_counted_and_billed_by_their_words() -> None:
    talk = Talk()
    talk.hears(Speak(PRONOUNCED + " there."), Flush())
    metadata = SpeechMetadata(IDS[0], 0, len(PRONOUNCED) + 7, 9, ControlsApplied(1, 0, 0))
    assert talk.server.synthesised(0) == [SendText(metadata)]


def test_a_pronunciation_and_a_speed_do_not_go_together() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush(), Speak(PRONOUNCED))
    [answer] = talk.hears(Configure(1.2))
    assert isinstance(answer, SendText)
    assert isinstance(answer.message, ConfigureFailure)
    assert answer.message.code == "CONTROL_COMBINATION_INVALID"
    assert talk.hears(Configure(1.0)) == [SendText(ConfigureSuccess(1.0))]
    talk.server.synthesised(0)
    assert talk.hears(Configure(1.2)) == [SendText(ConfigureSuccess(1.2))]
    *_, error, hangup = talk.hears(Speak(PRONOUNCED))
    assert isinstance(error, SendText)
    assert isinstance(error.message, Errored)
    assert (error.message.code, hangup) == ("DATA-0002", CloseConnection(1008, "DATA-0002"))


def test_markup_is_stripped_and_not_billed() -> None:
    talk = Talk()
    [_, warned] = talk.hears(Speak("[laughs] Ha"))
    assert isinstance(warned, SendText)
    assert isinstance(warned.message, Warned)
    assert warned.message.code == "INPUT_MARKUP_STRIPPED"
    talk.hears(Flush())
    assert talk.server.synthesised(0) == [SendText(body(0, 0, 11, 3))]


# --- failures and limits ----------------------------------------------------------------------


def test_a_synthesis_that_fails_is_tried_again_once() -> None:
    talk = Talk()
    talk.hears(Speak("One."), Flush())
    assert talk.server.failed(0) == [
        CancelSynthesis(0),
        SendText(SYNTHESIS_RETRYING),
        StartSynthesis(1, "One.", 0),
    ]
    assert talk.server.failed(0) == []
    assert talk.server.failed(1) == [
        CancelSynthesis(1),
        SendText(Errored("NET-0000", "Internal server error.")),
        CloseConnection(1011, "NET-0000"),
    ]


def test_a_synthesis_that_fails_after_its_first_sound_is_the_end() -> None:
    talk = spoken(0.1)
    assert talk.server.failed(0)[-1] == CloseConnection(1011, "NET-0000")


def test_quirk_a_segment_is_tried_again() -> None:
    talk = Talk(quirks=FluxQuirks(retried_segment=2))
    talk.hears(Speak("One. Two."), Flush())
    assert talk.server.synthesised(0) == [
        SendText(SYNTHESIS_RETRYING),
        StartSynthesis(1, " Two.", 0),
        SendText(Flushed(IDS[0])),
    ]


def test_quirk_flushed_comes_after_the_metadata() -> None:
    talk = Talk(quirks=FluxQuirks(late_flushed=True))
    talk.hears(Speak("One."))
    assert talk.hears(Flush()) == [StartSynthesis(0, "One.", 0)]
    assert talk.server.synthesised(0) == [SendText(body(0, 0, 4)), SendText(Flushed(IDS[0]))]


def test_a_silent_client_is_sent_away_after_a_minute() -> None:
    talk = Talk()
    talk.now_us = 30 * SECOND_US
    talk.hears(Speak("One."))
    talk.server.pinged(40 * SECOND_US)
    assert talk.server.deadline_us == 100 * SECOND_US
    assert talk.server.time_passed(100 * SECOND_US - 1) == []
    *_, error, hangup = talk.server.time_passed(100 * SECOND_US)
    assert isinstance(error, SendText)
    assert isinstance(error.message, Errored)
    assert (error.message.code, hangup) == ("NET-0004", CloseConnection(1011, "NET-0004"))


def test_a_session_lasts_an_hour() -> None:
    talk = Talk(limits=FluxLimits(idle_us=None), now_us=5)
    assert talk.server.deadline_us == 5 + 3_600 * SECOND_US
    talk.hears(Speak("One."), Flush())
    assert talk.server.time_passed(5 + 3_600 * SECOND_US) == [
        CancelSynthesis(0),
        SendText(Errored("NET-0003", "The time limit of the session was exceeded.")),
        CloseConnection(1011, "NET-0003"),
    ]


def test_a_large_message_ends_the_connection() -> None:
    talk = Talk(limits=FluxLimits(message_characters=100))
    assert talk.hears(Speak("x" * 100))[1:] == [CloseConnection(1009, "BIG-0000")]
    assert Talk(limits=FluxLimits.none()).hears(Speak("x" * 300_000)) != []
    assert Talk(limits=FluxLimits.none()).server.deadline_us is None


@pytest.mark.parametrize(
    ("text", "hangup"),
    [
        ("hello", CloseConnection(1003, "MESSAGE-0000")),
        ('{"type":"Clear"}', CloseConnection(1008, "DATA-0000")),
        (render(Speak(r"\{pause:500ms\}")), CloseConnection(1008, "DATA-0002")),
    ],
)
def test_what_is_not_understood_ends_the_connection(text: str, hangup: CloseConnection) -> None:
    *_, error, end = Talk().server.text_received(text, 0)
    assert isinstance(error, SendText)
    assert isinstance(error.message, Errored)
    assert error.message.code == hangup.reason
    assert end == hangup


def test_a_binary_frame_ends_the_connection() -> None:
    assert Talk().server.binary_received()[-1] == CloseConnection(1003, "MESSAGE-0000")


def test_the_voice_may_warn() -> None:
    talk = spoken(0.1)
    assert talk.server.remarked(0, Warned("X", "x")) == [SendText(Warned("X", "x"))]
    assert talk.server.remarked(9, Warned("X", "x")) == []
