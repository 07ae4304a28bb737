"""The speaker on a real device: what was played is what was pushed, bit by bit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from array import array
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.deadlines import HANG_S
from tests.support.sound_card import RATE_HZ, SoundCard, mortal_sound_card, trimmed
from tests.support.speaker_program import ramp

PROGRAM = [sys.executable, "-m", "tests.support.speaker_program"]
TRIES = 5
"""Times that a monitor may lose samples because it is not read in time."""

FADE_SAMPLES = RATE_HZ * 4 // 1000
BLOCK_SAMPLES = RATE_HZ // 50

Told = list[dict[str, Any]]


def sounds(pcm: bytes) -> array[int]:
    return array("h", pcm)


@contextmanager
def playing(scenario: str, env: dict[str, str], **options: Any) -> Generator[subprocess.Popen[str]]:
    """The program at work; ended with the block, if not before."""
    with subprocess.Popen(
        [*PROGRAM, scenario, json.dumps(options)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def outcome(process: subprocess.Popen[str]) -> Told:
    """What the speaker told to its end, which was a clean one and a quiet one."""
    out, err = process.communicate(timeout=HANG_S)
    assert err == "", "nothing reaches the screen"
    assert process.returncode == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1]["event"] == "closed"
    return lines


def played(scenario: str, env: dict[str, str], **options: Any) -> Told:
    with playing(scenario, env, **options) as process:
        return outcome(process)


def without_times(lines: Told) -> Told:
    return [{key: value for key, value in line.items() if key != "at_s"} for line in lines]


def of(lines: Told, kind: str) -> Told:
    return [line for line in lines if line["event"] == kind]


@pytest.mark.sound
def test_every_turn_is_played_bit_by_bit(sound_card: SoundCard) -> None:
    lines = played("turns", sound_card.env)

    lengths = (24_000, 100, 12_345)
    assert [(line["turn"], line["played"]) for line in of(lines, "drained")] == [
        *enumerate(lengths)
    ]
    assert [line["turn"] for line in of(lines, "began")] == [0, 1, 2]
    assert of(lines, "underran") == []
    samples_played = sound_card.played()
    for turn, samples in enumerate(lengths):
        whole = sounds(ramp(turn, samples))
        assert samples_played[:samples] == whole, f"turn {turn}, without a gap"
        samples_played = sounding(samples_played[samples:])
    assert not samples_played


@pytest.mark.sound
def test_the_device_and_its_name(sound_card: SoundCard) -> None:
    (line,) = without_times(of(played("brief", sound_card.env), "device"))
    assert line == {"event": "device", "device": "default", "silent": False, "detail": ""}


@pytest.mark.sound
def test_the_end_of_a_turn_reaches_the_ear(sound_card: SoundCard) -> None:
    """The program ends as soon as the turn is drained; nothing on its way may be lost."""
    whole = sounds(ramp(0, 4_800))
    recordings: list[array[int]] = []
    while whole not in recordings and len(recordings) < TRIES:
        with sound_card.capture() as path:
            played("brief", sound_card.env)
        # A loaded machine may leave gaps between the samples, which are silence.
        recordings.append(array("h", filter(None, trimmed(path.read_bytes()))))
    assert whole in recordings


@pytest.mark.sound
def test_a_gap_is_silence_of_the_length_that_is_told(sound_card: SoundCard) -> None:
    lines = played("starving", sound_card.env)

    (gap,) = of(lines, "underran")
    samples_played = sound_card.played()
    at, missing = gap["position"], gap["missing"]
    whole = sounds(ramp(0, 24_000))
    assert at == 12_000
    assert samples_played[:at] == whole[:at]
    assert samples_played[at : at + missing] == array("h", bytes(2 * missing))
    assert samples_played[at + missing :] == whole[at:]
    assert of(lines, "drained")[0]["played"] == 24_000


@pytest.mark.sound
def test_stop_falls_silent_within_100_ms(sound_card: SoundCard) -> None:
    lines = played("stopping", sound_card.env)

    stops = of(lines, "stopped")
    assert of(lines, "drained") == []
    # Counted in samples, because a busy machine is late with any of them: the block that is being
    # played, the fade in the next, and what is on its way to the ear.
    assert sound_card.latency_s() + (BLOCK_SAMPLES + FADE_SAMPLES) / RATE_HZ <= 0.1
    rest = sound_card.played()
    for turn, stop in enumerate(stops):
        whole = sounds(ramp(turn, stop["heard"]))
        assert rest[: len(whole)] == whole, "what is said to be heard was played"
        rest = rest[len(whole) :]
        after = rest[:BLOCK_SAMPLES]
        assert not any(after[FADE_SAMPLES:]), "and then no more than a fade"
        rest = sounding(rest[FADE_SAMPLES:])
    assert not rest


def sounding(samples: array[int]) -> array[int]:
    """The samples without the silence before them."""
    return samples[next((i for i, sample in enumerate(samples) if sample), len(samples)) :]


@pytest.mark.sound
def test_a_device_that_dies_is_replaced() -> None:
    with (
        mortal_sound_card() as (card, daemon),
        playing("dying", card.env, open_timeout_s=HANG_S) as process,
    ):
        assert process.stdout is not None
        lines = iter(process.stdout)
        before: Told = []
        while not before or before[-1]["event"] != "halfway":
            before.append(json.loads(next(lines)))
        daemon.kill()
        after = outcome(process)

    assert [line["silent"] for line in of(before, "device")] == [False]
    assert without_times(of(after, "device")) == [
        {
            "event": "device",
            "device": "silent",
            "silent": True,
            "detail": "The sound device went away: the answer is recorded, not heard.",
        }
    ]
    (drained,) = of(after, "drained")
    assert drained["played"] == 2 * RATE_HZ
    (pushed,) = of(before, "pushed")
    assert drained["at_s"] - pushed["at_s"] >= 1.9, "it kept real time"


@pytest.mark.sound
@pytest.mark.parametrize("scenario", ["brief", "opening"])
def test_a_sound_server_that_hangs_does_not_hold_anybody_up(scenario: str) -> None:
    with mortal_sound_card() as (card, daemon):
        daemon.send_signal(signal.SIGSTOP)
        try:
            lines = played(scenario, card.env, open_timeout_s=0.3)
        finally:
            daemon.send_signal(signal.SIGCONT)
    if scenario == "brief":
        assert without_times(lines)[0] == {
            "event": "device",
            "device": "silent",
            "silent": True,
            "detail": "The sound device does not answer: the answer is recorded, not heard.",
        }
        assert of(lines, "drained")[0]["played"] == 4_800
    else:
        assert without_times(lines) == [{"event": "closed"}]


@pytest.mark.sound
def test_closed_before_it_is_open(sound_card: SoundCard) -> None:
    assert [line["event"] for line in played("opening", sound_card.env)][-1] == "closed"


@pytest.mark.sound
def test_a_rate_that_the_device_refuses(sound_card: SoundCard) -> None:
    lines = played("opening_and_waiting", sound_card.env, rate_hz=1_000_000)
    assert without_times(of(lines, "device")) == [
        {
            "event": "device",
            "device": "silent",
            "silent": True,
            "detail": (
                "The sound device refuses 1000000 Hz, choose another with --sample-rate: "
                "the answer is recorded, not heard."
            ),
        }
    ]


@pytest.mark.sound
def test_a_device_by_name(sound_card: SoundCard) -> None:
    lines = played("brief", sound_card.env, device_name="DEFAU")
    assert of(lines, "device")[0]["silent"] is False
    unknown = played("brief", sound_card.env, device_name="gramophone horn")
    assert of(unknown, "device")[0]["detail"] == (
        "No sound device is called 'gramophone horn': the answer is recorded, not heard."
    )


@pytest.fixture(params=["", None, "pcm.horn { type hw card 7 }\n"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without any sound card, ALSA configured or not."""
    config = tmp_path / "asound.conf"
    if request.param is not None:
        config.write_text(request.param)
    return {"ALSA_CONFIG_PATH": str(config), "PATH": "/usr/bin:/bin"}


def test_without_a_device_time_passes_all_the_same(nothing: dict[str, str]) -> None:
    lines = played("turns", nothing)

    assert of(lines, "device")[0]["silent"] is True
    assert of(lines, "device")[0]["detail"].startswith("No sound device (")
    assert [line["played"] for line in of(lines, "drained")] == [24_000, 100, 12_345]
    spent_s = of(lines, "drained")[-1]["at_s"] - of(lines, "pushed")[0]["at_s"]
    assert spent_s >= 36_445 / RATE_HZ - 0.1
