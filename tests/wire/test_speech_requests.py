"""Speech over HTTP as a state machine: texts and flushes in, bodies of requests out."""

from __future__ import annotations

from gramophone.ports.speech import SpeechClient
from gramophone.wire.openai_audio.speech_form import SpeechForm
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    NotUnderstood,
    OutgoingFrame,
    ServiceWarned,
    SpeechCapabilities,
)
from gramophone.wire.speech_requests import (
    ANSWER_TIMEOUT_US,
    CANCEL,
    CANCELLED,
    MINUTE_US,
    SpeechOverHttp,
    ended_report,
    retried_report,
)

ENDED = ended_report("req_1")


def client(minute_flushes: int | None = None) -> SpeechClient:
    settings = SpeechCapabilities(longest_request_chars=20, minute_flushes=minute_flushes)
    return SpeechOverHttp(lambda text: f"<{text}>", settings).client(0)


def queue(machine: SpeechClient, flush: int, *texts: str) -> None:
    for number, text in enumerate(texts, 10 * flush):
        machine.speak(text, number)
    machine.flush(flush)


def test_chunks_of_a_flush_are_one_request() -> None:
    machine = client()
    machine.speak("Good day.", 0)
    assert machine.poll(0) == []
    machine.speak("Well?", 1)
    machine.flush(7)
    assert machine.poll(0) == [OutgoingFrame("<Good day. Well?>", (0, 1), 7)]
    assert machine.owing
    assert machine.receive_text(ENDED, 1) == [FlushDone(7)]
    assert not machine.owing


def test_a_text_that_is_too_long_is_several_requests_and_one_flush() -> None:
    machine = client()
    queue(machine, 1, "One two three.", "Four five six seven eight nine.")
    assert machine.poll(0) == [
        OutgoingFrame("<One two three.>", (10,)),
        OutgoingFrame("<Four five six seven>", (11,)),
    ]
    assert machine.receive_text(ENDED, 1) == []
    assert machine.poll(1) == [OutgoingFrame("< eight nine.>", (), 1)]
    assert machine.receive_text(ENDED, 2) == []
    assert machine.receive_text(ENDED, 3) == [FlushDone(1)]


def test_two_requests_are_under_way_at_most() -> None:
    machine = client()
    for flush in range(3):
        queue(machine, flush, "Hello.")
    assert [frame.flush for frame in machine.poll(0)] == [0, 1]
    assert machine.poll(1) == []
    machine.receive_text(ENDED, 2)
    assert [frame.flush for frame in machine.poll(2)] == [2]


def test_requests_in_a_minute_are_counted() -> None:
    machine = client(minute_flushes=2)
    queue(machine, 0, "Hello.")
    assert (machine.flushes_left(0), len(machine.poll(0))) == (1, 1)
    machine.receive_text(ENDED, 1)
    queue(machine, 1, "Hello.")
    queue(machine, 2, "Hello.")
    assert [frame.flush for frame in machine.poll(5)] == [1]
    machine.receive_text(ENDED, 6)
    assert (machine.poll(6), machine.next_wake_us(6)) == ([], MINUTE_US)
    assert [frame.flush for frame in machine.poll(MINUTE_US)] == [2]


def test_what_was_cleared_is_stale_until_it_is_cancelled() -> None:
    machine = client()
    queue(machine, 0, "Hello.")
    machine.poll(0)
    assert machine.clear(1) == [CANCEL]
    assert (machine.stale, machine.owing) == (True, False)
    queue(machine, 1, "Next.")
    assert [frame.flush for frame in machine.poll(2)] == [1]
    assert machine.receive_text(ENDED, 3) == []
    assert machine.receive_text(CANCELLED, 4) == [ClearDone()]
    assert not machine.stale
    assert machine.receive_text(ENDED, 5) == [FlushDone(1)]


def test_a_service_that_does_not_answer_times_out() -> None:
    machine = client()
    assert (machine.next_wake_us(5), machine.timed_out(ANSWER_TIMEOUT_US * 2)) == (None, False)
    queue(machine, 0, "Hello.")
    machine.poll(10)
    machine.receive_audio(20, 2)
    due_us = machine.next_wake_us(20)
    assert due_us == 20 + ANSWER_TIMEOUT_US + 1
    assert (machine.timed_out(due_us - 1), machine.timed_out(due_us)) == (False, True)


def test_warnings_of_the_connection_come_through() -> None:
    machine = client()
    queue(machine, 0, "Hello.")
    machine.poll(0)
    assert machine.receive_text(retried_report("Busy."), 1) == [ServiceWarned("RETRIED", "Busy.")]
    silence = "The voice sends nothing but silence; choose another with /voice, or check its model."
    assert machine.receive_text(ended_report("", silent=True), 2) == [
        ServiceWarned("SILENCE", silence, for_user=True),
        FlushDone(0),
    ]
    assert machine.receive_text("[]", 3) == [NotUnderstood("unknown report of a request")]
    assert machine.receive_text(ENDED, 4) == []


def test_nothing_is_said_at_the_end() -> None:
    machine = client()
    assert (machine.close(), machine.set_speed(2.0)) == ([], [])
    assert not machine.near_expiry(10**15)


def test_the_form_leaves_out_what_is_usual() -> None:
    assert SpeechForm().body("Hä?") == (
        '{"model":"gpt-4o-mini-tts","input":"Hä?","voice":"alloy","response_format":"pcm"}'
    )
    form = SpeechForm(
        model="m",
        voice="v",
        response_format="wav",
        instructions="Sing.",
        speed=1.5,
        stream_format="sse",
    )
    assert form.body("x") == (
        '{"model":"m","input":"x","voice":"v","instructions":"Sing.","response_format":"wav",'
        '"speed":1.5,"stream_format":"sse"}'
    )
