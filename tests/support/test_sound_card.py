"""The virtual sound card itself: whatever it says about a player is worth something."""

import subprocess
import sys
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.sound_card import (
    RATE_HZ,
    SoundCard,
    lost_only_at,
    require_pulseaudio,
    trimmed,
)

# No zero in it, so that silence around it and gaps within can be told from it.
RAMP = array("h", [1 + index % 30_000 for index in range(RATE_HZ // 2)])

# Half a second of silence behind it: stopping a stream loses what is still on its way.
PLAYER = """
import sys, threading
import pyaudio

rate = int(sys.argv[1])
pcm = sys.stdin.buffer.read() + bytes(rate)
place, done = 0, threading.Event()

def fill(_data, count, _times, _status):
    global place
    block = pcm[place : place + 2 * count]
    place += len(block)
    if len(block) == 2 * count:
        return block, pyaudio.paContinue
    done.set()
    return block + bytes(2 * count - len(block)), pyaudio.paContinue

audio = pyaudio.PyAudio()
stream = audio.open(
    format=pyaudio.paInt16, channels=1, rate=rate, output=True,
    frames_per_buffer=rate // 50, stream_callback=fill,
)
done.wait()
stream.close()
audio.terminate()
"""


def play(card: SoundCard, samples: "array[int]") -> None:
    """Play in a process of its own; ALSA reads its configuration once a process."""
    command = [sys.executable, "-c", PLAYER, str(RATE_HZ)]
    completed = subprocess.run(
        command, env=card.env, input=samples.tobytes(), capture_output=True, check=False
    )
    assert completed.returncode == 0, completed.stderr.decode()


@pytest.mark.sound
def test_what_was_played_is_written_down_bit_for_bit(sound_card: SoundCard) -> None:
    play(sound_card, RAMP)

    assert sound_card.played() == RAMP


@pytest.mark.sound
def test_a_stream_starts_a_new_page(sound_card: SoundCard) -> None:
    play(sound_card, RAMP)
    play(sound_card, RAMP[:4_800])

    assert sound_card.played() == RAMP[:4_800]


@pytest.mark.sound
def test_the_monitor_hears_the_samples_in_their_order(sound_card: SoundCard) -> None:
    with sound_card.capture() as capture:
        play(sound_card, RAMP)

    # A loaded machine leaves gaps between the samples, and a monitor that is not read in time
    # loses some of them; it never changes their order, and never adds any.
    sounding = array("h", filter(None, trimmed(capture.read_bytes())))
    assert all(one < other for one, other in pairwise(sounding))
    assert sounding[0] in RAMP[: RATE_HZ // 10]


RAMP_UNDERFLOWS = [960, 2 * 960, 5 * 960]


@pytest.mark.parametrize("lost", [[], [0], [1], [0, 1], [2], [0, 1, 2]])
def test_blocks_that_were_reported_as_dropped_may_be_missing(lost: list[int]) -> None:
    handed = array("h", RAMP)
    for underflow in (RAMP_UNDERFLOWS[number] for number in reversed(lost)):
        del handed[underflow - 960 : underflow]
    assert lost_only_at(RAMP_UNDERFLOWS, RAMP, handed)
    assert lost_only_at(RAMP_UNDERFLOWS, RAMP, handed[:-960]), "still on its way"


@pytest.mark.parametrize("early", [1, 238, 959])
def test_a_dropped_block_may_end_before_the_report(early: int) -> None:
    handed = array("h", RAMP)
    del handed[5 * 960 - 960 - early : 5 * 960 - early]
    assert lost_only_at(RAMP_UNDERFLOWS, RAMP, handed)
    del handed[-961 - early : -1 - early]
    assert not lost_only_at(RAMP_UNDERFLOWS, RAMP, handed)


@pytest.mark.parametrize("index", [0, 480, 959, 2 * 960, 4 * 960 - 1, 5 * 960, len(RAMP) - 961])
def test_nothing_else_may_be(index: int) -> None:
    handed = array("h", RAMP)
    del handed[index]
    assert not lost_only_at(RAMP_UNDERFLOWS, RAMP, handed)
    assert not lost_only_at([], RAMP, RAMP[960:])
    assert not lost_only_at(RAMP_UNDERFLOWS, RAMP, RAMP + array("h", [1]))


def test_a_lost_block_of_silence_may_be_any_of_it() -> None:
    samples = array("h", bytes(2 * 4 * 960)) + RAMP
    assert lost_only_at([960, 3 * 960], samples, samples[960:])
    assert lost_only_at([960, 3 * 960], samples, samples[2 * 960 :])
    assert not lost_only_at([960, 3 * 960], samples, samples[3 * 960 :])


def test_silence_around_a_sound_is_trimmed() -> None:
    pcm = array("h", [0, 0, 5, 0, -5, 0])

    assert trimmed(pcm.tobytes()) == array("h", [5, 0, -5])
    assert trimmed(bytes(8)) == array("h")


def test_a_missing_daemon_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(pytest.fail.Exception, match="apt-get install pulseaudio"):
        require_pulseaudio()
