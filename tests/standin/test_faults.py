"""Faults by name: how they are written, and what a client sees of each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gramophone.core.tasks import spawn
from gramophone.standin.faults import (
    AtBytes,
    AtMessage,
    AtTime,
    Fault,
    FaultName,
    value_of,
)
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import (
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
from gramophone.wire.deepgram.speak_v1.server import EXCESSIVE_FLUSH
from tests.support.clocks import WatchedClock
from tests.support.speak_client import Heard, messages, sound, talking
from tests.support.standins import running


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("refuse=401", Fault(FaultName.REFUSE, 401)),
        ("reset=4000@1", Fault(FaultName.RESET, connection=1, at=AtBytes(4000))),
        ("drop=#3", Fault(FaultName.DROP, at=AtMessage(3))),
        ("stall=250ms,500ms", Fault(FaultName.STALL, 500, at=AtTime(250))),
        ("close=1008", Fault(FaultName.CLOSE, 1008)),
        (
            "close=4000:Odd: very,9",
            Fault(FaultName.CLOSE, 4000, at=AtBytes(9), text="Odd: very"),
        ),
        ("close=NET-0003,9@2", Fault(FaultName.CLOSE, 1011, 2, AtBytes(9), "NET-0003")),
        ("big-frames", Fault(FaultName.BIG_FRAMES)),
        ("rubbish", Fault(FaultName.RUBBISH)),
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
        ("odd-frames=3", "The fault odd-frames takes no argument: 'odd-frames=3'."),
        ("drop=3,4", "The fault drop takes one argument: 'drop=3,4'."),
        ("stall", "The fault stall needs a place: 'stall'."),
        ("close", "The fault close needs a close code or a reason: 'close'."),
        (
            "close=1005",
            "1005 is not a code that a close frame may carry in the fault 'close=1005'.",
        ),
        ("close=1000:" + "x" * 124, "A reason may have 123 bytes in the fault"),
        ("drop=#x", "Not a whole number in the fault 'drop=#x'."),
        ("drop=", "Not a whole number in the fault 'drop='."),
        ("reset=soon", "Not a whole number in the fault 'reset=soon'."),
        ("reset=1@x", "Not a whole number in the fault 'reset=1@x'."),
    ],
)
def test_a_fault_that_cannot_be_read_is_explained(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Fault.parse(text)


def test_a_fault_may_be_for_one_connection_only() -> None:
    faults = (Fault(FaultName.JITTER, 10, connection=1), Fault(FaultName.SILENT))
    assert value_of(faults, FaultName.JITTER, 0) is None
    assert value_of(faults, FaultName.JITTER, 1) == 10
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
        received, code, reason = await talk.hear_out()
        assert (len(sound(received)), code, reason) == (3001, 1011, "NET-0000")
        assert messages(received) == []


async def test_reset_in_mid_audio() -> None:
    async with running("reset=3000@0") as url:
        async with talking(url) as talk:
            await talk.say(Speak("A gramophone plays records."), Flush())
            received, code, _ = await talk.hear_out()
            assert (len(sound(received)), code) == (3000, 1006)
        async with talking(url) as talk:
            await talk.say(Speak("Again."), Flush(), Close())
            assert (await talk.hear_out())[1:] == (1000, "")


async def test_reset_before_any_audio() -> None:
    async with running("reset=0") as url, talking(url) as talk:
        await talk.say(Speak("A gramophone plays records."), Flush())
        assert await talk.hear_out() == ([], 1006, "")


@pytest.mark.parametrize(("fault", "sizes"), [("odd-frames", {961}), ("one-byte-frames", {1})])
async def test_frames_that_end_within_a_sample(fault: str, sizes: set[int]) -> None:
    text = Speak("A gramophone plays.")
    async with running() as url, talking(url) as talk:
        await talk.say(text, Flush())
        whole = sound(await talk.hear_until(Flushed))
    async with running(fault) as url, talking(url) as talk:
        await talk.say(text, Flush())
        received = await talk.hear_until(Flushed)
    frames = [frame for frame in received if isinstance(frame, bytes)]
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
        received, code, _ = await talk.hear_out()
        assert messages(received) == [Flushed(0), EXCESSIVE_FLUSH, Flushed(1)]
        assert sound(received)
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
        received = await talk.hear_until(Flushed)
        assert isinstance(received[0], Unknown)
        assert len(messages(received)) == 2


async def test_slow_first_byte() -> None:
    clock = WatchedClock()
    async with running("slow-first-byte=1500", clock=clock) as url, talking(url) as talk:
        await talk.say(Speak("Hi."), Flush())
        await clock.asleep_until(1_500_000)
        clock.advance_us(1_500_000)
        assert sound(await talk.hear_until(Flushed))


# --- faults with a place ----------------------------------------------------------------------

SAID = Speak("A gramophone plays records.")
"""Some frames of 960 bytes: 20 ms at 24 kHz."""


async def whole() -> bytes:
    """What is heard of SAID when nothing goes wrong."""
    async with running() as url, talking(url) as talk:
        await talk.say(SAID, Flush())
        return sound(await talk.hear_until(Flushed))


async def heard_of(*faults: str, **options: Any) -> tuple[list[Heard], int | None, str | None]:
    """All that is heard of SAID until the connection ends."""
    async with running(*faults, **options) as url, talking(url) as talk:
        await talk.say(SAID, Flush(), Close())
        return await talk.hear_out()


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        ("close=NET-0003,3001", 1011, "NET-0003"),
        ("close=BIG-0000,3001", 1009, "BIG-0000"),
        ("close=1008:DATA-0001,3001", 1008, "DATA-0001"),
        ("close=1012,3001", 1012, ""),
        ("drop=3001", 1006, ""),
        ("reset=3001", 1006, ""),
        ("hang-up=3001", 1011, "NET-0000"),
    ],
)
async def test_the_end_after_so_many_bytes(fault: str, code: int, reason: str) -> None:
    received, *ending = await heard_of(fault)
    assert sound(received) == (await whole())[:3001]
    assert messages(received) == []
    assert ending == [code, reason]


async def test_without_a_place_close_comes_before_the_first_sound() -> None:
    assert await heard_of("close=NET-0001") == ([], 1011, "NET-0001")


@pytest.mark.parametrize("fault", ["close=NET-0001,#3", "drop=#3", "reset=#3", "hang-up=#3"])
async def test_the_end_at_a_message(fault: str) -> None:
    received, _, _ = await heard_of(fault)
    # The Metadata is the first message.
    assert [len(frame) for frame in received if isinstance(frame, bytes)] == [960]


@pytest.mark.parametrize(
    ("fault", "code"), [("close=NET-0002,50ms", 1011), ("drop=50ms", 1006), ("reset=50ms", 1006)]
)
async def test_the_end_at_a_time_whatever_goes_on(fault: str, code: int) -> None:
    clock = WatchedClock()
    async with running(fault, clock=clock) as url, talking(url) as talk:
        await talk.say(Flush())
        assert await talk.hear() == Flushed(0)
        await clock.asleep_until(50_000)
        clock.advance_us(50_000)
        assert (await talk.hear_out())[:2] == ([], code)


async def test_a_stall_in_mid_audio_goes_on_after_its_time() -> None:
    clock = WatchedClock()
    async with running("stall=3001,500", clock=clock) as url, talking(url) as talk:
        await talk.say(SAID, Flush())
        await clock.asleep_until(500_000)
        before = [await talk.hear() for _ in range(4)]
        assert len(sound(before)) == 3001
        clock.advance_us(500_000)
        assert sound(before + await talk.hear_until(Flushed)) == await whole()


async def test_everything_stands_still_in_a_stall() -> None:
    clock = WatchedClock()
    async with running("stall=#2,500", clock=clock) as url, talking(url) as talk:
        await talk.say(SAID, Flush())
        await clock.asleep_until(500_000)
        await talk.say(Clear())
        await clock.asleep(3)
        clock.advance_us(500_000)
        assert await talk.hear_until(Cleared) == [Cleared(0)]


@pytest.mark.parametrize("fault", ["stall=3001", "silent=3001"])
async def test_a_stall_for_ever_keeps_the_connection(fault: str) -> None:
    async with running(fault) as url, talking(url) as talk:
        await talk.say(SAID, Flush(), Close())
        received = [await talk.hear() for _ in range(4)]
        assert sound(received) == (await whole())[:3001]
        await (await talk.connection.ping())
        await talk.connection.close()
        assert (await talk.hear_out())[0] == []


async def test_a_stall_at_a_time() -> None:
    clock = WatchedClock()
    async with running("stall=50ms", clock=clock, pace=1.0) as url, talking(url) as talk:
        await talk.say(SAID, Flush())
        for instant_us in (20_000, 40_000, 60_000):
            await clock.asleep_until(instant_us)
            clock.advance_us(20_000 if instant_us < 60_000 else 10_000)
        clock.advance_us(10_000_000)
        await (await talk.connection.ping())
        await talk.connection.close()
        assert len((await talk.hear_out())[0]) == 3


async def test_nothing_but_silence_from_the_beginning() -> None:
    async with running("silent=#1") as url, connect(url) as connection:
        await connection.send('{"type":"Close"}')
        await (await connection.ping())
        await connection.close()
        with pytest.raises(ConnectionClosed):
            await connection.recv()


@pytest.mark.parametrize("fault", ["rubbish", "unknown-type"])
async def test_intruders_come_where_they_are_told_to(fault: str) -> None:
    async with running(f"{fault}=#3") as url, talking(url) as talk:
        await talk.say(SAID, Flush())
        frames = [await talk.connection.recv() for _ in range(3)]
    assert [type(frame) for frame in frames] == [bytes, str, bytes]


async def test_several_faults_at_once_strike_in_their_order() -> None:
    received, code, _ = await heard_of(
        "close=NET-0003,2000", "unknown-type=1000", "unknown-type=500"
    )
    kinds = [len(frame) if isinstance(frame, bytes) else type(frame) for frame in received]
    assert kinds == [500, Unknown, 460, 40, Unknown, 920, 80]
    assert code == 1011


# --- frames -----------------------------------------------------------------------------------


async def test_duplicated_frames() -> None:
    received, _, _ = await heard_of("duplicate")
    frames = [frame for frame in received if isinstance(frame, bytes)]
    assert frames[::2] == frames[1::2]
    assert b"".join(frames[::2]) == await whole()
    assert messages(received) == [Flushed(0)]


async def test_one_duplicated_message() -> None:
    received, _, _ = await heard_of("duplicate=#2")
    assert received[0] == received[1]
    assert sound(received[1:]) == await whole()
    frames = -(-len(await whole()) // 960)
    last, _, _ = await heard_of(f"duplicate=#{frames + 2}")
    assert messages(last) == [Flushed(0), Flushed(0)]


@pytest.mark.parametrize("fault", ["reorder", "reorder=5"])
async def test_reordered_frames_are_the_same_every_time(fault: str) -> None:
    first, _, _ = await heard_of(fault)
    again, _, _ = await heard_of(fault)
    in_order, _, _ = await heard_of()
    assert first == again
    assert first != in_order
    assert first[-1] == Flushed(0)
    assert sorted(map(repr, first)) == sorted(map(repr, in_order))


async def test_big_frames() -> None:
    messages = [Speak("word " * 400), Flush()]
    async with running("big-frames", voice=ToneVoice()) as url, talking(url) as talk:
        await talk.say(*messages)
        received = await talk.hear_until(Flushed)
    sizes = [len(frame) for frame in received if isinstance(frame, bytes)]
    assert sizes[:-1] == [2**20] * (len(sizes) - 1)
    assert len(sizes) > 2


async def test_frames_larger_than_clients_take() -> None:
    async with running("big-frames=2000000", voice=ToneVoice()) as url, talking(url) as talk:
        await talk.say(Speak("word " * 400), Flush())
        assert await talk.hear_out() == ([], 1006, "")
        with pytest.raises(ConnectionClosed) as closed:
            await talk.connection.recv()
        assert closed.value.sent is not None
        assert closed.value.sent.code == 1009


async def test_jitter_makes_frames_late_and_keeps_their_order() -> None:
    async def instants() -> list[int]:
        clock = WatchedClock()
        async with running("jitter=30", clock=clock, pace=1.0) as url, talking(url) as talk:
            await talk.say(SAID, Flush())
            await clock.asleep(2)
            last = spawn(talk.hear_until(Flushed), name="hearing")
            while not last.done():
                clock.advance_us(1_000)
                await asyncio.sleep(0)
            assert sound(last.result()) == await whole()
        return sorted(clock.deadlines - {3_600_000_000})

    first = await instants()
    assert first == await instants()
    on_time = [20_000 * number for number in range(len(first))]
    late = [jittered - due for jittered, due in zip(first, on_time, strict=True)]
    assert all(0 <= ms <= 30_000 for ms in late)
    assert len(set(late)) > 3
