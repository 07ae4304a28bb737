"""The virtual sound card itself: whatever it says about a player is worth something."""

import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from tests.support.sound_card import RATE_HZ, SoundCard, require_pulseaudio, trimmed

# No zero in it, so that silence around it and gaps within can be told from it.
RAMP = array("h", [1 + index % 30_000 for index in range(RATE_HZ // 2)])

# Half a second of silence behind it: stopping a stream loses what is still on its way.
PLAYER = """
import sys
import pyaudio

pcm = sys.stdin.buffer.read()
audio = pyaudio.PyAudio()
stream = audio.open(format=pyaudio.paInt16, channels=1, rate=int(sys.argv[1]), output=True)
stream.write(pcm)
stream.write(bytes(int(sys.argv[1])))
stream.stop_stream()
stream.close()
audio.terminate()
"""


def play(card: SoundCard, samples: "array[int]") -> None:
    """Play in a process of its own; ALSA reads its configuration once a process."""
    command = [sys.executable, "-c", PLAYER, str(RATE_HZ)]
    done = subprocess.run(
        command, env=card.env, input=samples.tobytes(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


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
    with sound_card.capture() as heard:
        play(sound_card, RAMP)

    # A loaded machine may leave gaps between the samples, which are silence.
    sounding = array("h", filter(None, trimmed(heard.read_bytes())))
    assert sounding == RAMP


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
