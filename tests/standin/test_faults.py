"""Faults by name: how they are written, and what a client sees of each."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from gramophone.standin.faults import Fault, FaultName, value_of
from gramophone.wire.speak_messages import (
    Clear,
    Cleared,
    Close,
    Flush,
    Flushed,
    ProtocolViolation,
    Speak,
    Unknown,
    parse_server,
)
from gramophone.wire.speak_server import EXCESSIVE_FLUSH
from tests.standin.clocks import WatchedClock
from tests.standin.talking import messages, sound, talking
from tests.standins import running


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("refuse=401", Fault(FaultName.REFUSE, 401)),
        ("reset=4000@1", Fault(FaultName.RESET, 4000, connection=1)),
        ("silent", Fault(FaultName.SILENT)),
        ("silent@0", Fault(FaultName.SILENT, connection=0)),
    ],
)
def test_a_fault_is_written_with_its_number_and_connection(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("explode", "There is no fault 'explode'; choose one of refuse, silent"),
        ("refuse", "The fault refuse needs a number: 'refuse'."),
        ("silent=3", "The fault silent takes no number: 'silent=3'."),
        ("reset=soon", "Not a whole number in the fault 'reset=soon'."),
        ("reset=1@x", "Not a whole number in the fault 'reset=1@x'."),
    ],
)
def test_a_fault_that_cannot_be_read_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Fault.parse(text)


def test_a_fault_may_be_for_one_connection_only() -> None:
    faults = (Fault(FaultName.RESET, 10, connection=1), Fault(FaultName.SILENT))
    assert value_of(faults, FaultName.RESET, 0) is None
    assert value_of(faults, FaultName.RESET, 1) == 10
    assert value_of(faults, FaultName.SILENT, 7) == 0


async def test_refuse_once_then_let_in() -> None:
    async with running("refuse=429@0") as url:
        with pytest.raises(InvalidStatus) as refused:
            async with talking(url):
                pass
        assert refused.value.response.status_code == 429
        async with talking(url) as talk:
            await talk.say(Flush())
            assert await talk.hear() == Flushed(0)


async def test_silent() -> None:
    async with running("silent") as url, talking(url) as talk:
        await talk.say(Speak("Hello."), Flush(), Clear(), Close())
        await (await talk.connection.ping())
        await talk.connection.close()
        assert (await talk.hear_out())[0] == []


async def test_hang_up_in_mid_audio() -> None:
    async with running("hang-up=3001") as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        heard, code, reason = await talk.hear_out()
        assert (len(sound(heard)), code, reason) == (3001, 1011, "NET-0000")
        assert messages(heard) == []


async def test_reset_in_mid_audio() -> None:
    async with running("reset=3000@0") as url:
        async with talking(url) as talk:
            await talk.say(Speak("A gramophone plays records."), Flush())
            heard, code, _ = await talk.hear_out()
            assert (len(sound(heard)), code) == (3000, 1006)
        async with talking(url) as talk:
            await talk.say(Speak("Again."), Flush(), Close())
            assert (await talk.hear_out())[1:] == (1000, "")


async def test_reset_before_any_audio() -> None:
    async with running("reset=0") as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        assert await talk.hear_out() == ([], 1006, "")


@pytest.mark.parametrize(("fault", "sizes"), [("odd-frames", {961}), ("one-byte-frames", {1})])
async def test_frames_that_end_within_a_sample(fault: str, sizes: set[int]) -> None:
    said = Speak("A gramophone plays.")
    async with running() as url, talking(url) as talk:
        await talk.say(said, Flush())
        whole = sound(await talk.hear_until(Flushed))
    async with running(fault) as url, talking(url) as talk:
        await talk.say(said, Flush())
        heard = await talk.hear_until(Flushed)
    frames = [frame for frame in heard if isinstance(frame, bytes)]
    assert {len(frame) for frame in frames[:-1]} == sizes
    assert b"".join(frames) == whole


async def test_late_flushed() -> None:
    clock = WatchedClock()
    async with running("late-flushed", clock=clock, first_byte_ms=100) as url:
        async with talking(url) as talk:
            await talk.say(Speak("One."), Flush(), Speak("Two."), Flush(), Clear())
            assert [await talk.hear() for _ in range(3)] == [Cleared(0), Flushed(1), Flushed(2)]


async def test_excessive_flush() -> None:
    async with running("excessive-flush=2") as url, talking(url) as talk:
        await talk.say(Flush(), Speak("Hi."), Flush(), Flush(), Close())
        heard, code, _ = await talk.hear_out()
        assert messages(heard) == [Flushed(0), EXCESSIVE_FLUSH, Flushed(1)]
        assert sound(heard)
        assert code == 1000


async def test_rubbish_before_the_first_sound() -> None:
    async with running("rubbish") as url, talking(url) as talk:
        await talk.say(Speak("Hi."), Flush())
        frame = await talk.connection.recv()
        assert isinstance(frame, str)
        with pytest.raises(ProtocolViolation):
            parse_server(frame)
        assert await talk.hear_until(Flushed)


async def test_unknown_type_before_the_first_sound() -> None:
    async with running("unknown-type") as url, talking(url) as talk:
        await talk.say(Speak("Hi."), Flush())
        heard = await talk.hear_until(Flushed)
        assert isinstance(heard[0], Unknown)
        assert len(messages(heard)) == 2


async def test_slow_first_byte() -> None:
    clock = WatchedClock()
    async with running("slow-first-byte=1500", clock=clock) as url, talking(url) as talk:
        await talk.say(Speak("Hi."), Flush())
        await clock.asleep_until(1_500_000)
        clock.advance_us(1_500_000)
        assert sound(await talk.hear_until(Flushed))
