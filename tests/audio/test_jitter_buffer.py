"""Jitter buffer: every sample once, in order, and honest about gaps."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from gramophone.audio.jitter_buffer import Gap, JitterBuffer

RATE_HZ = 1000  # one sample a millisecond: positions read as milliseconds


def ramp(start: int, count: int) -> bytes:
    return array("h", range(start, start + count)).tobytes()


def test_nothing_is_handed_out_before_the_prefill() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=40)
    buffer.push(1, ramp(1, 39))
    assert buffer.pull(10).pcm == bytes(20)
    buffer.push(1, ramp(40, 1))
    pulled = buffer.pull(10)
    assert pulled.began
    assert pulled.pcm == ramp(1, 10)


def test_a_short_turn_plays_without_prefill_once_it_is_finished() -> None:
    buffer = JitterBuffer(RATE_HZ)
    buffer.push(1, ramp(1, 5))
    buffer.finish(1)
    assert buffer.pull(10).pcm == ramp(1, 5) + bytes(10)
    assert buffer.pull(10).drained
    assert not buffer.pull(10).drained
    assert buffer.position_samples == 5


def test_an_underrun_is_silence_and_is_told_when_sound_follows() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=10)
    buffer.push(1, ramp(1, 10))
    assert buffer.pull(10).gap is None
    assert buffer.pull(10).pcm == bytes(20)
    buffer.push(1, ramp(11, 119))
    assert buffer.pull(10).gap is None, "it refills before it goes on"
    buffer.push(1, ramp(130, 1))
    pulled = buffer.pull(10)
    assert pulled.gap == Gap(position_samples=10, missing_samples=20)
    assert pulled.pcm == ramp(11, 10)


def test_a_late_end_mark_is_not_an_underrun() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=10)
    buffer.push(1, ramp(1, 10))
    buffer.pull(10)
    buffer.pull(10)
    buffer.finish(1)
    pulled = buffer.pull(10)
    assert pulled.drained
    assert pulled.gap is None


def test_an_odd_byte_is_carried_to_the_next_frame() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=1)
    pcm = ramp(1, 6)
    buffer.push(1, pcm[:3])
    buffer.push(1, pcm[3:4])
    buffer.push(1, pcm[4:])
    assert buffer.pull(6).pcm == pcm


def test_a_byte_of_a_dead_stream_shifts_nothing() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=1)
    buffer.push(1, ramp(1, 2) + b"\x7f")
    buffer.realign()
    buffer.push(1, ramp(3, 2))
    assert buffer.pull(4).pcm == ramp(1, 4)


def test_clear_fades_and_falls_silent() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=1)
    loud = array("h", [1000] * 100).tobytes()
    buffer.push(1, loud)
    buffer.pull(10)
    assert buffer.clear() == 10
    fade = array("h", buffer.pull(10).pcm)
    assert list(fade[:4]) == sorted(fade[:4], reverse=True)
    assert fade[0] <= 1000
    assert not any(fade[4:])
    assert buffer.pull(10).pcm == bytes(20)
    assert not buffer.pull(10).drained


def test_clear_before_the_first_sample_sounds_nothing() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=40)
    buffer.push(1, ramp(1000, 20))
    assert buffer.clear() == 0
    assert buffer.pull(20).pcm == bytes(40)


def test_the_next_turn_begins_at_zero() -> None:
    buffer = JitterBuffer(RATE_HZ, prefill_ms=1)
    buffer.push(1, ramp(1, 10))
    buffer.finish(1)
    buffer.pull(10)
    buffer.pull(1)
    buffer.push(3, ramp(50, 10))
    pulled = buffer.pull(10)
    assert pulled.began
    assert pulled.pcm == ramp(50, 10)
    assert buffer.position_samples == 10


@given(
    frames=st.lists(st.binary(min_size=1, max_size=50), max_size=30),
    pulls=st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=60),
)
def test_what_goes_in_comes_out_in_order(frames: list[bytes], pulls: list[int]) -> None:
    """However pushes and pulls fall, the sounding samples are the pushed ones, each once."""
    buffer = JitterBuffer(RATE_HZ, prefill_ms=5)
    pushed = b"".join(frames)
    queue = list(frames)
    played = b""
    for samples in pulls:
        if queue:
            buffer.push(1, queue.pop(0))
        before = buffer.position_samples
        pcm = buffer.pull(samples).pcm
        played += pcm[: (buffer.position_samples - before) * 2]
        assert len(pcm) == samples * 2
    for frame in queue:
        buffer.push(1, frame)
    buffer.finish(1)
    while not buffer.pull(1).drained:
        pass
    assert buffer.position_samples == len(pushed) // 2
    assert pushed.startswith(played)
