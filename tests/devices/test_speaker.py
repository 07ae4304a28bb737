"""The speakers: one contract for all."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from gramophone.ports.speaker import PlayoutState
from tests.support.speaker_program import ramp
from tests.support.speaker_rigs import BLOCK, RATE_HZ, CardRig, MutedRig, Rig, SilentRig, settled

OWN_HZ = 2 * RATE_HZ


@pytest.fixture(params=["muted", "silent", "card"])
async def rig(request: pytest.FixtureRequest) -> AsyncGenerator[Rig]:
    speaker_rig: Rig
    match request.param:
        case "muted":
            speaker_rig = MutedRig()
        case "silent":
            speaker_rig = SilentRig(complaint="No sound device (none)")
        case _:
            speaker_rig = CardRig()
    yield speaker_rig
    await speaker_rig.speaker.aclose()


# --- what every speaker does ------------------------------------------------------------------


async def test_a_turn_is_played_to_its_last_sample(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 3 * BLOCK + 7))
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("began", "drained", "underran") == [
        ("began", 1),
        ("drained", 1, 3 * BLOCK + 7),
    ]
    assert rig.speaker.playout() == PlayoutState(1, 3 * BLOCK + 7, 0)


async def test_the_device_is_told_once(rig: Rig) -> None:
    await rig.play_on(1)

    assert len(rig.listener.of("device")) == 1
    _, device, silent, _ = rig.listener.of("device")[0]
    assert (device, silent) == (rig.speaker.device, rig.speaker.silent)


async def test_turn_after_turn(rig: Rig) -> None:
    for turn, samples in ((1, 500), (2, 3), (5, 1_000)):
        rig.speaker.play(turn, ramp(turn, samples))
        rig.speaker.finish(turn)
        await rig.play_on(12)

    assert rig.listener.of("began", "drained", "underran") == [
        ("began", 1),
        ("drained", 1, 500),
        ("began", 2),
        ("drained", 2, 3),
        ("began", 5),
        ("drained", 5, 1_000),
    ]


async def test_an_odd_byte_waits_for_the_next_frame(rig: Rig) -> None:
    pcm = ramp(1, 600)
    for start in range(0, len(pcm), 7):
        rig.speaker.play(1, pcm[start : start + 7])
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert ("drained", 1, 600) in rig.listener.reports
    assert rig.listener.of("underran") == []


async def test_single_bytes_starve_nobody(rig: Rig) -> None:
    for byte in ramp(1, 400):
        rig.speaker.play(1, bytes([byte]))
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("began", "drained", "underran") == [("began", 1), ("drained", 1, 400)]


async def test_an_odd_byte_ends_with_its_stream(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 400) + b"\x01")
    rig.speaker.play(1, ramp(1, 400), realign=True)
    rig.speaker.finish(1)
    await rig.play_on(12)

    assert ("drained", 1, 800) in rig.listener.reports


async def test_a_turn_without_sound_is_over_at_once(rig: Rig) -> None:
    rig.speaker.finish(1)
    await rig.play_on(2)

    assert rig.listener.of("began", "drained") == [("drained", 1, 0)]
    assert rig.speaker.playout() == PlayoutState(1, 0, 0)


async def test_an_end_is_told_once(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 100))
    rig.speaker.finish(1)
    await rig.play_on(4)
    rig.speaker.finish(1)
    await rig.play_on(4)

    assert len(rig.listener.of("drained")) == 1


async def test_a_turn_that_was_stopped_is_not_drained(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 10 * BLOCK))
    await rig.play_on(4)
    position = rig.speaker.playout().position_samples
    assert position
    assert rig.speaker.stop() == position
    assert rig.speaker.playout() == PlayoutState(1, position, 0)
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.speaker.playout().position_samples == position
    assert rig.listener.of("drained") == []


async def test_the_turn_after_one_that_was_stopped_is_whole(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 10 * BLOCK) + b"\x01")
    await rig.play_on(4)
    rig.speaker.stop()
    rig.speaker.play(2, ramp(2, 500))
    rig.speaker.finish(2)
    await rig.play_on(10)

    assert rig.listener.of("began", "drained") == [("began", 1), ("began", 2), ("drained", 2, 500)]


async def test_stopping_silence_is_nothing(rig: Rig) -> None:
    assert rig.speaker.stop() == 0
    assert rig.speaker.stop() == 0


async def test_after_its_end_it_tells_nothing(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 100))
    await rig.speaker.aclose()
    before = list(rig.listener.reports)
    rig.speaker.play(1, ramp(1, 1_000))
    rig.speaker.finish(1)
    rig.speaker.stop()
    await settled()

    assert rig.listener.reports == before
    await rig.speaker.aclose()


async def test_levels_lie_between_silence_and_full(rig: Rig) -> None:
    assert rig.speaker.level() == (0.0, 0.0)
    rig.speaker.play(1, b"\x00\x80" * 1_000)
    await rig.play_on(2)
    peak, rms = rig.speaker.level()

    assert (peak, rms) == ((0.0, 0.0) if isinstance(rig, MutedRig) else (1.0, pytest.approx(1.0)))
    assert rig.speaker.level() == (0.0, 0.0), "what was told once is told"


async def test_a_turn_of_another_rate_is_counted_in_its_own_samples(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 6 * BLOCK), sample_rate_hz=OWN_HZ)
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("began", "drained", "underran") == [
        ("began", 1),
        ("drained", 1, 6 * BLOCK),
    ]
    assert rig.speaker.playout() == PlayoutState(1, 6 * BLOCK, 0)


async def test_half_a_sample_at_another_rate_waits_for_its_other_half(rig: Rig) -> None:
    pcm = ramp(1, 600) + b"\x01"
    for start in range(0, len(pcm), 7):
        rig.speaker.play(1, pcm[start : start + 7], sample_rate_hz=OWN_HZ)
    rig.speaker.play(1, ramp(1, 400), realign=True, sample_rate_hz=OWN_HZ)
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("drained") == [("drained", 1, 1_000)]


async def test_turns_of_different_rates_follow_each_other(rig: Rig) -> None:
    for turn, rate_hz, samples in ((1, 0, 500), (2, OWN_HZ, 1_001), (3, RATE_HZ, 300)):
        rig.speaker.play(turn, ramp(turn, samples), sample_rate_hz=rate_hz)
        rig.speaker.finish(turn)
        await rig.play_on(12)

    assert [report[1:] for report in rig.listener.of("drained")] == [(1, 500), (2, 1_001), (3, 300)]


# --- where no device is -----------------------------------------------------------------------


async def test_silence_keeps_real_time() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    rig.speaker.play(1, ramp(1, RATE_HZ))
    for blocks in (1, 10, 15):
        before = rig.speaker.playout().position_samples
        await rig.play_on(blocks)
        assert rig.speaker.playout().position_samples - before == blocks * BLOCK
    assert rig.listener.of("device") == [
        ("device", "silent", True, "No sound device (none): the answer is recorded, not heard.")
    ]
    assert rig.card.left
    await rig.speaker.aclose()


async def test_silence_does_not_race_after_a_suspension() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    rig.speaker.play(1, ramp(1, 60 * RATE_HZ))
    await rig.play_on(5)
    rig.clock.advance_us(30_000_000)
    await rig.play_on(5)

    assert rig.speaker.playout().position_samples <= 12 * BLOCK
    await rig.speaker.aclose()
