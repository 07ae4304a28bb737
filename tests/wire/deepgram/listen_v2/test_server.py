"""Listen v2 as a machine: turns of the user, from sound that comes to what is told of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue
from gramophone.wire.deepgram.listen_v2.messages import (
    NO_ACTIVE_TURN,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    Errored,
    MessageWriter,
    Noticed,
    ServerMessage,
    TurnInfo,
)
from gramophone.wire.deepgram.listen_v2.parameters import ListenV2Parameters
from gramophone.wire.deepgram.listen_v2.server import IDLE_US, NO_STATUS, Action, ListenV2Server
from gramophone.wire.deepgram.listen_v2.turns import TurnFaults
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.deepgram.sound_steps import IS_LOUD
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused

STEP_BYTES = 2_560
QUIET, LOUD = b"\0\0" * 16_000, b"\0\x10" * 16_000
SKY = Utterance("Why is – it blue?", 800_000)
SEA = Utterance("Ask them.", 400_000)
RAW = "model=flux-general-en&encoding=linear16&sample_rate=16000"
FORCE, CLOSE = '{"type":"ForceEndTurn"}', '{"type":"CloseStream"}'
BEFORE = {
    "StartOfTurn": ("quiet", "EndOfTurn"),
    "EagerEndOfTurn": ("StartOfTurn", "TurnResumed"),
    "TurnResumed": ("EagerEndOfTurn",),
    "EndOfTurn": ("StartOfTurn", "EagerEndOfTurn", "TurnResumed"),
}
CLOSED = CloseConnection(NO_STATUS, "")


def machine(
    query: str = "", *utterances: Utterance, faults: TurnFaults | None = None
) -> ListenV2Server:
    parameters = ListenV2Parameters.from_query(f"{RAW}&{query}")
    server = ListenV2Server(parameters, utterances or (SKY, SEA), faults, failed_configure=3)
    assert server.opened(0) == [SendText(Connected())]
    return server


def messages_in(actions: Sequence[Action]) -> list[ServerMessage]:
    return [action.message for action in actions if isinstance(action, SendText)]


def turns(actions: Sequence[Action]) -> list[tuple[str, int, int, str]]:
    """Event, turn, end of the window in milliseconds and transcript of each TurnInfo."""
    return [
        (message.event, message.turn_index, message.end_us // 1_000, message.transcript)
        for message in messages_in(actions)
        if isinstance(message, TurnInfo)
    ]


def changes(actions: Sequence[Action]) -> list[tuple[str, int, str]]:
    return [(event, turn, text) for event, turn, _, text in turns(actions) if event != "Update"]


def test_each_utterance_is_a_turn() -> None:
    assert turns(machine().sound_received(QUIET * 3, 0)) == [
        ("StartOfTurn", 0, 240, "Why"),
        ("Update", 0, 480, "Why is it"),
        ("Update", 0, 720, "Why is it"),
        ("Update", 0, 960, "Why is it blue?"),
        ("EndOfTurn", 0, 1200, "Why is it blue?"),
        ("StartOfTurn", 1, 1360, "Ask"),
        ("Update", 1, 1600, "Ask them."),
        ("Update", 1, 1840, "Ask them."),
        ("EndOfTurn", 1, 2000, "Ask them."),
        ("Update", 2, 2240, ""),
        ("Update", 2, 2480, ""),
        ("Update", 2, 2720, ""),
        ("Update", 2, 2960, ""),
    ]


def test_the_cutting_of_the_sound_changes_nothing() -> None:
    whole, cut = machine(), machine()
    sound = LOUD * 2 + QUIET + LOUD
    actions = [
        action
        for at in range(0, len(sound), 333)
        for action in cut.sound_received(sound[at : at + 333], 0)
    ]
    assert actions == whole.sound_received(sound, 0)


def test_an_end_is_foreseen_and_its_words_are_those_of_the_end() -> None:
    actions = machine("eager_eot_threshold=0.5", SKY).sound_received(QUIET * 2, 0)
    assert [turn for turn in turns(actions) if turn[0] in ("EagerEndOfTurn", "EndOfTurn")] == [
        ("EagerEndOfTurn", 0, 1120, "Why is it blue?"),
        ("EndOfTurn", 0, 1200, "Why is it blue?"),
    ]
    (end,) = (
        message
        for message in messages_in(actions)
        if isinstance(message, TurnInfo) and message.trigger
    )
    assert (end.event, end.trigger, end.confidence) == ("EndOfTurn", "model", 0.8)
    assert [(word.start_us, word.end_us) for word in end.words][-2:] == [
        (333_333, 466_666),
        (466_666, 800_000),
    ]


def test_an_end_that_was_foreseen_is_taken_back_when_somebody_speaks() -> None:
    server = machine("eager_eot_threshold=0.3", SKY)
    sound = LOUD[: STEP_BYTES * 11] + QUIET[: STEP_BYTES * 3] + LOUD[:STEP_BYTES] + QUIET
    assert [event for event, _, _ in changes(server.sound_received(sound, 0))] == [
        "StartOfTurn",
        "EagerEndOfTurn",
        "TurnResumed",
        "EagerEndOfTurn",
        "EndOfTurn",
    ]


def test_at_a_threshold_of_1_only_the_timeout_ends_a_turn() -> None:
    actions = machine("eot_threshold=1.0&eot_timeout_ms=1500", SKY).sound_received(QUIET * 3, 0)
    (end,) = (
        message
        for message in messages_in(actions)
        if isinstance(message, TurnInfo) and message.trigger
    )
    assert (end.event, end.trigger, end.end_us) == ("EndOfTurn", "timeout", 2_320_000)


def test_who_is_silent_is_not_heard_once_the_sound_tells() -> None:
    server = machine()
    said_first = changes(server.sound_received(LOUD + QUIET * 10, 0))
    assert said_first == [("StartOfTurn", 0, "Why"), ("EndOfTurn", 0, "Why is it blue?")]
    said_next = changes(server.sound_received(LOUD + QUIET, 0))
    assert said_next == [("StartOfTurn", 1, "Ask"), ("EndOfTurn", 1, "Ask them.")]


def test_a_voice_that_is_slower_than_expected_is_not_cut_in_two() -> None:
    server = machine("eot_timeout_ms=2000")
    assert changes(server.sound_received(QUIET[: STEP_BYTES * 2] + LOUD * 2, 0)) == [
        ("StartOfTurn", 0, "Why")
    ]
    assert changes(server.sound_received(QUIET, 0)) == [("EndOfTurn", 0, "Why is it blue?")]
    ends = [turn for turn in turns(server.sound_received(LOUD * 4, 0)) if turn[0] == "EndOfTurn"]
    # Loud sound without an end is left to the timeout.
    assert ends == [("EndOfTurn", 1, 5_520, "Ask them.")]


@pytest.mark.parametrize(
    ("encoding", "quiet", "loud"),
    [
        ("linear16", [b"\0\0", b"\xff\1", b"\1\xfe"], [b"\0\2", b"\0\xfe", b"\0\x80"]),
        ("mulaw", [b"\xff", b"\x7f", b"\xdc", b"\x5c"], [b"\xdb", b"\x5b", b"\0", b"\x80"]),
        ("alaw", [b"\xd5", b"\x55", b"\xca", b"\x4a"], [b"\xf5", b"\x75", b"\x2a", b"\xaa"]),
    ],
)
def test_somebody_speaks_from_a_peak_on(
    encoding: str, quiet: Sequence[bytes], loud: Sequence[bytes]
) -> None:
    is_loud = IS_LOUD[encoding]
    assert [is_loud(quiet[0] * 9 + sample) for sample in quiet] == [False] * len(quiet)
    assert [is_loud(quiet[0] * 9 + sample) for sample in loud] == [True] * len(loud)


def test_a_turn_is_ended_by_force_with_all_its_words() -> None:
    server = machine()
    assert messages_in(server.text_received(FORCE, 0)) == [
        Noticed(
            "FORCE_END_TURN_NO_ACTIVE_TURN",
            "There is no active turn. The request will be ignored.",
        )
    ]
    server.sound_received(QUIET[: STEP_BYTES * 3], 0)
    (end,) = messages_in(server.text_received(FORCE, 0))
    assert isinstance(end, TurnInfo)
    assert (end.event, end.trigger, end.transcript) == ("EndOfTurn", "manual", "Why is it blue?")
    assert end.words[-1].end_us == end.end_us == 240_000
    assert changes(server.sound_received(QUIET, 0))[0] == ("StartOfTurn", 1, "Ask")


def test_a_closed_stream_has_its_last_words_and_no_end() -> None:
    server = machine()
    server.sound_received(QUIET[: STEP_BYTES * 3], 0)
    actions = server.text_received(CLOSE, 0)
    assert turns(actions) == [("Update", 0, 240, "Why is it blue?")]
    assert actions[-1] == CLOSED
    assert server.sound_received(QUIET, 0) == []
    assert server.text_received(FORCE, 0) == []
    assert server.deadline_us is None
    assert machine().text_received(CLOSE, 0) == [CLOSED]


def test_a_configure_holds_from_the_next_sound_on() -> None:
    server = machine("", SKY)
    configure = '{"type":"Configure","thresholds":{"eager_eot_threshold":0.3},"keyterms":["sky"]}'
    (answer,) = messages_in(server.text_received(configure, 0))
    assert isinstance(answer, ConfigureSuccess)
    assert answer.settings.keyterms == ("sky",)
    assert answer.settings.thresholds.eot == 0.7
    events = [event for event, _, _ in changes(server.sound_received(QUIET * 2, 0))]
    assert events == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]


@pytest.mark.parametrize(
    ("configuration", "code"),
    [
        ('"thresholds":{"eot_threshold":0.4}', "EOT_THRESHOLD_OUT_OF_RANGE"),
        ('"thresholds":{"eot_threshold":NaN}', "EOT_THRESHOLD_OUT_OF_RANGE"),
        ('"thresholds":{"eager_eot_threshold":0.8}', "EAGER_EOT_THRESHOLD_OUT_OF_RANGE"),
        ('"thresholds":{"eot_timeout_ms":499}', "EOT_TIMEOUT_OUT_OF_RANGE"),
        ('"thresholds":{"eot_timeout_ms":1e999}', "INVALID_THRESHOLDS"),
        ('"thresholds":{"eot_threshold":"0.7"}', "INVALID_THRESHOLDS"),
        ('"thresholds":[]', "INVALID_THRESHOLDS"),
        ('"keyterms":[1]', "INVALID_KEYTERMS"),
        ('"language_hints":["en"]', "LANGUAGE_HINTS_NOT_SUPPORTED"),
        ('"numerals":1', "INVALID_NUMERALS"),
    ],
)
def test_a_configure_that_is_refused_changes_nothing(configuration: str, code: str) -> None:
    server = machine("keyterm=sea&keyterm=sky")
    (answer,) = messages_in(server.text_received(f'{{"type":"Configure",{configuration}}}', 0))
    assert isinstance(answer, ConfigureFailure)
    assert answer.code == code
    (answer,) = messages_in(server.text_received('{"type":"Configure","thresholds":null}', 0))
    assert isinstance(answer, ConfigureSuccess)
    assert (
        answer.settings == ListenV2Parameters.from_query(f"{RAW}&keyterm=sea&keyterm=sky").settings
    )
    (answer,) = messages_in(server.text_received('{"type":"Configure"}', 0))
    assert answer == ConfigureFailure("INTERNAL_ERROR", "The configuration could not be applied.")


def test_a_multilingual_model_tells_languages() -> None:
    parameters = ListenV2Parameters.from_query("model=flux-general-multi&language_hint=de")
    server = ListenV2Server(parameters, (SKY,))
    messages = messages_in(server.sound_received(b"\0" * 4_000, 0))
    languages = [
        (message.languages, message.languages_hinted)
        for message in messages
        if isinstance(message, TurnInfo)
    ]
    assert languages[0] == (("de",), ("de",))


@pytest.mark.parametrize("text", ["", "[]", '{"type":"KeepAlive"}', '{"type":3}'])
def test_what_is_not_understood_ends_the_connection(text: str) -> None:
    (error, closed) = machine().text_received(text, 0)
    assert isinstance(error, SendText)
    assert isinstance(error.message, Errored)
    assert (error.message.code, closed) == ("UNPARSABLE_CLIENT_MESSAGE", CLOSED)


def test_a_ping_keeps_a_connection_and_silence_ends_it() -> None:
    server = machine()
    assert server.deadline_us == IDLE_US
    server.pinged(1)
    assert server.time_passed(IDLE_US) == []
    (error, closed) = server.time_passed(IDLE_US + 1)
    assert isinstance(error, SendText)
    assert isinstance(error.message, Errored)
    assert (error.message.code, closed) == ("NET-0001", CLOSED)
    assert server.time_passed(IDLE_US * 2) == []


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (TurnFaults(never_ends=0), [("StartOfTurn", 0, "Why")]),
        (TurnFaults(goes_silent=0), [("StartOfTurn", 0, "Why")]),
        (
            TurnFaults(goes_silent=2),
            [
                ("StartOfTurn", 0, "Why"),
                ("EagerEndOfTurn", 0, "Why is it blue?"),
                ("EndOfTurn", 0, "Why is it blue?"),
                ("StartOfTurn", 1, "Ask"),
            ],
        ),
        (
            TurnFaults(resumes=1, never_ends=2),
            [
                ("StartOfTurn", 0, "Why"),
                ("EagerEndOfTurn", 0, "Why is"),
                ("TurnResumed", 0, "Why is it"),
                ("EagerEndOfTurn", 0, "Why is it blue?"),
                ("EndOfTurn", 0, "Why is it blue?"),
                ("StartOfTurn", 1, "Ask"),
            ],
        ),
        (
            TurnFaults(late_words=1, never_ends=3),
            [
                ("StartOfTurn", 0, "Why"),
                ("EagerEndOfTurn", 0, "Why is it"),
                ("EndOfTurn", 0, "Why is it"),
                ("StartOfTurn", 1, "blue?"),
                ("EagerEndOfTurn", 1, "blue?"),
                ("EndOfTurn", 1, "blue?"),
                ("StartOfTurn", 2, "Ask"),
            ],
        ),
    ],
)
def test_faults_of_turns(faults: TurnFaults, expected: list[tuple[str, int, str]]) -> None:
    server = machine("eager_eot_threshold=0.5", faults=faults)
    assert changes(server.sound_received(QUIET * 8, 0)) == expected
    silent = faults.goes_silent is not None
    actions = [*server.sound_received(QUIET, 0), *server.text_received(FORCE, 0)]
    assert bool(actions) is not silent
    assert server.text_received(CLOSE, 0)[-1] == CLOSED


def test_force_takes_back_an_end_that_was_foreseen_too_early() -> None:
    server = machine("eager_eot_threshold=0.5", faults=TurnFaults(resumes=0))
    server.sound_received(QUIET[: STEP_BYTES * 8], 0)
    assert changes(server.text_received(FORCE, 0)) == [
        ("TurnResumed", 0, "Why is it blue?"),
        ("EndOfTurn", 0, "Why is it blue?"),
    ]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "The parameter 'model' is required."),
        ("model=nova-3", "No such model/language/tier combination found."),
        (f"{RAW}&encoding=flac", "Unsupported encoding 'flac'."),
        ("model=flux-general-en&encoding=mulaw", "sample_rate is required with encoding 'mulaw'."),
        ("model=flux-general-en&sample_rate=1", "Unsupported sample_rate 1."),
        (f"{RAW}&interim_results=true", "Unknown or unsupported parameter 'interim_results'."),
        (f"{RAW}&eot_threshold=0.4", "'eot_threshold' must be between 0.5 and 1.0."),
        (f"{RAW}&eager_eot_threshold=0.2", "'eager_eot_threshold' must be between 0.3 and 0.9."),
        (f"{RAW}&eager_eot_threshold=0.8", "'eager_eot_threshold' must not be above"),
        (f"{RAW}&eot_timeout_ms=60001", "'eot_timeout_ms' must be between 500 and 60000."),
        (f"{RAW}&language_hint=en", "language_hint is not supported by model 'flux-general-en'."),
        (f"{RAW}&numerals=maybe", "numerals must be true or false."),
        (f"{RAW}&redact=pci", "redact must be one of numbers, aggressive_numbers."),
    ],
)
def test_refused_queries(query: str, why: str) -> None:
    with pytest.raises(ParameterRefused) as refused:
        ListenV2Parameters.from_query(query)
    assert str(refused.value).startswith(why)


values = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
configures = st.fixed_dictionaries(
    {"type": st.just("Configure")},
    optional={
        "thresholds": values
        | st.dictionaries(
            st.sampled_from(["eot_threshold", "eager_eot_threshold", "eot_timeout_ms"]), values
        ),
        "keyterms": values | st.lists(values, max_size=3),
        "language_hints": values | st.lists(values, max_size=3),
        "numerals": values,
    },
)


@settings(max_examples=50)
@given(st.lists(configures.map(json.dumps) | st.just(FORCE) | st.binary(max_size=9_000)))
def test_whatever_comes_is_answered_in_order(frames: list[str | bytes]) -> None:
    server, writer = machine("eager_eot_threshold=0.4"), MessageWriter("id")
    state = "quiet"
    for frame in frames:
        if isinstance(frame, str):
            actions = server.text_received(frame, 0)
        else:
            actions = server.sound_received(frame, 0)
        for message in messages_in(actions):
            assert "NaN" not in writer.write(message)
            if isinstance(message, TurnInfo) and message.event != "Update":
                assert state in BEFORE[message.event]
                state = message.event


def voice_activated(*utterances: Utterance) -> ListenV2Server:
    queue = UtteranceQueue(utterances or (SKY, SEA), voice_activated=True)
    return ListenV2Server(ListenV2Parameters.from_query(RAW), queue)


def test_a_voice_activated_turn_waits_for_its_voice() -> None:
    server = voice_activated()
    assert changes(server.sound_received(QUIET * 20, 0)) == []
    assert changes(server.sound_received(LOUD + QUIET * 20, 0)) == [
        ("StartOfTurn", 0, "Why"),
        ("EndOfTurn", 0, "Why is it blue?"),
    ]
    # The words outlast the voice, and are heard at once when that is over.
    quick = LOUD[:STEP_BYTES] + QUIET[: STEP_BYTES * 9]
    assert turns(server.sound_received(quick, 0))[-1] == ("EndOfTurn", 1, 41_760, "Ask them.")
    assert server.unfinished(2) == ()


def test_a_voice_activated_turn_may_be_forced_before_its_first_word() -> None:
    server = voice_activated()
    server.sound_received(LOUD[:STEP_BYTES], 0)
    assert changes(server.text_received(FORCE, 0)) == [
        ("StartOfTurn", 0, "Why is it blue?"),
        ("EndOfTurn", 0, "Why is it blue?"),
    ]
    # The next needs no pause before it, and is whole in a closed stream.
    server.sound_received(LOUD[:STEP_BYTES], 0)
    assert changes(server.text_received(CLOSE, 0)) == [("StartOfTurn", 1, "Ask them.")]
    assert server.has_finished


def test_silence_alone_is_a_voice_activated_turn_by_force_only() -> None:
    server = voice_activated()
    assert messages_in(server.text_received(FORCE, 0)) == [NO_ACTIVE_TURN]
    assert changes(server.sound_received(QUIET * 20, 0)) == []
    assert [event for event, _, _ in changes(server.text_received(FORCE, 0))] == [
        "StartOfTurn",
        "EndOfTurn",
    ]
    timed = voice_activated(Utterance("Yes.", 240_000, after_us=1_600_000))
    assert turns(timed.sound_received(QUIET * 3, 0))[7] == ("StartOfTurn", 0, 1_840, "Yes.")
