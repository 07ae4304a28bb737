"""A sound card for machines that have none: a PulseAudio daemon with one null sink.

The sink keeps real time as a card does. Sound is written down in three places on its way: what
the program gave to PyAudio (`card_tap`), what ALSA was handed, and what the sink's monitor hears
(`SoundCard.capture`), gaps included. `SoundCard.played` is the first, held against the second: only
blocks that PortAudio itself reported as dropped may be missing there, which happens where the
program is not given the processor in time.

ALSA reads its configuration once a process, so a test plays in a process of its own, started with
`SoundCard.env`.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S

RATE_HZ = 48_000
BLOCK_SAMPLES = RATE_HZ // 50
SINK = "gramophone_test"
TAP_CODE = Path(__file__).parent / "card_tap"
MISSING = (
    "The tests of sound need the virtual sound card: "
    "apt-get install pulseaudio pulseaudio-utils libasound2-plugins (`make test` does it)."
)

_BYTES_A_SECOND = RATE_HZ * 2

# Without `norewinds` the null sink lets writers stall for up to two seconds.
_DAEMON_SCRIPT = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name={sink} rate={rate} channels=1 format=s16le norewinds=1
set-default-sink {sink}
"""

_ALSA_CONFIG = """\
pcm.pulse {{ type pulse }}
ctl.pulse {{ type pulse }}
pcm.!default {{
    type file
    slave.pcm "pulse"
    file "{played}"
    format "raw"
}}
ctl.!default {{ type pulse }}
"""


@dataclass(frozen=True, slots=True)
class SoundCard:
    """Where the card is found, and what came to it."""

    env: dict[str, str]
    """The environment to start a player with."""
    raw_path: Path
    """What ALSA was handed for the last stream, mono s16le; opening a stream empties it."""
    tap: Path
    """Folder of the files of `card_tap`."""

    def played(self) -> "array[int]":
        """The samples of the last stream, without the silence around them.

        Fails if ALSA was not handed all of them, but for blocks that were reported as dropped.
        """
        # In this order: while a stream plays, no more has been handed than was given.
        handed = array("h", self.raw_path.read_bytes() if self.raw_path.exists() else b"")
        written, underflows = [(array("h"), []), *self._streams()][-1]
        assert lost_only_at(underflows, written, handed), "samples were lost on the way to the card"
        return trimmed(written.tobytes())

    def forget(self) -> None:
        """Forget the streams so far."""
        for path in self.tap.iterdir():
            path.unlink()

    def handed_to_card(self) -> "array[int]":
        """Everything that was given to PyAudio since `forget`, one stream after the other."""
        return sum((samples for samples, _ in self._streams()), array("h"))

    def _streams(self) -> list[tuple["array[int]", list[int]]]:
        """For each stream, its samples and the places where the card had run dry."""
        return [
            (
                array("h", path.read_bytes()),
                [int(line) for line in path.with_suffix(".underflows").read_text().split()],
            )
            for path in sorted(self.tap.glob("*.pcm"))
        ]

    def latency_s(self) -> float:
        """Seconds from the program to the ear, as PortAudio has them of the last stream."""
        return float(max(self.tap.glob("*.latency")).read_text())

    @contextmanager
    def capture(self) -> Generator[Path]:
        """Record what the sink hears while the block runs, into the file that is given.

        The file opens with at least 0.2 s of what was there before, and holds at least 0.3 s
        of what came after; both are counted in samples, not by a watch.
        """
        path = self.raw_path.with_name("heard.raw")
        command = [
            "parec",
            f"--device={SINK}.monitor",
            f"--rate={RATE_HZ}",
            "--channels=1",
            "--format=s16le",
            "--raw",
            "--latency-msec=20",
        ]

        def has_grown_to(seconds: float) -> Callable[[], bool]:
            return lambda: path.stat().st_size >= seconds * _BYTES_A_SECOND

        with path.open("wb") as out, _ended(subprocess.Popen(command, stdout=out, env=self.env)):
            wait_until(has_grown_to(0.2), "parec hears the sink")
            yield path
            so_far_s = path.stat().st_size / _BYTES_A_SECOND
            wait_until(has_grown_to(so_far_s + 0.3), "parec hears the end")


def lost_only_at(underflows: list[int], written: "array[int]", handed: "array[int]") -> bool:
    """Whether `handed` is `written` without nothing but blocks of 20 ms lost at underflows.

    A block is lost once for an underflow at most. It ends there or up to a block before, because
    PortAudio asks for whole blocks ahead of the pieces in which the card takes them. The last
    samples may still be on their way when a stream ends: those need not be handed.
    """
    at = _common(written, 0, handed, 0)
    position, earliest = at, 0
    for underflow in sorted(underflows):
        if at == len(handed) or position == len(written):
            break
        # Of silence, and of all that resembles what is behind it, it may have been any block.
        begin = position
        while begin > earliest and written[begin - 1] == written[begin - 1 + BLOCK_SAMPLES]:
            begin -= 1
        if underflow < begin + BLOCK_SAMPLES:
            continue
        if underflow >= position + 2 * BLOCK_SAMPLES:
            return False
        earliest = max(begin + BLOCK_SAMPLES, underflow - BLOCK_SAMPLES)
        position += BLOCK_SAMPLES
        matching = _common(written, position, handed, at)
        position, at = position + matching, at + matching
    return at == len(handed)


def _common(first: "array[int]", first_at: int, second: "array[int]", second_at: int) -> int:
    """Number of samples that are the same from these positions on."""
    most = min(len(first) - first_at, len(second) - second_at)
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        same = (
            first[first_at + low : first_at + middle]
            == second[second_at + low : second_at + middle]
        )
        low, high = (middle, high) if same else (low, middle)
    return low


def require_pulseaudio() -> None:
    """Fail, not skip: a run that did not listen must not look like one that did."""
    if not all(map(shutil.which, ("pulseaudio", "pactl", "parec"))):
        pytest.fail(MISSING)


def trimmed(pcm: bytes) -> "array[int]":
    """The samples from the first that is not silent to the last."""
    samples = array("h", pcm[: len(pcm) // 2 * 2])
    sounding = [index for index, sample in enumerate(samples) if sample]
    return samples[sounding[0] : sounding[-1] + 1] if sounding else array("h")


def wait_until(holds: Callable[[], bool], description: str, seconds: float = HANG_S) -> None:
    """For processes only, which have no other way to tell: look every 20 ms, up to a deadline."""
    never = threading.Event()
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"Waited {seconds:.0f} s in vain until {description}.")
        never.wait(0.02)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Generator[subprocess.Popen[bytes]]:
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def sound_card() -> Generator[SoundCard]:
    """The virtual sound card, one for the whole run."""
    with mortal_sound_card() as (card, _):
        yield card


@contextmanager
def mortal_sound_card() -> Generator[tuple[SoundCard, "subprocess.Popen[bytes]"]]:
    """A card with the daemon behind it, for a test that ends or stops that."""
    require_pulseaudio()
    # Straight under /tmp: the path of a Unix socket may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="card-", dir="/tmp") as directory:
        room = Path(directory)
        card = _install(room)
        log = room / "pulseaudio.log"
        command = [
            "pulseaudio",
            "-n",
            f"--file={room / 'sink.pa'}",
            "--exit-idle-time=-1",
            "--daemonize=no",
            "--disable-shm=yes",
            "--realtime=no",
            "--high-priority=no",
        ]
        with (
            log.open("wb") as out,
            _ended(subprocess.Popen(command, stdout=out, stderr=out, env=card.env)) as daemon,
        ):

            def answers() -> bool:
                if daemon.poll() is not None:
                    pytest.fail(f"PulseAudio ended at once: {log.read_text()}")
                return _has_sink(card.env)

            wait_until(answers, "PulseAudio answers")
            yield card, daemon


def _install(room: Path) -> SoundCard:
    socket = room / "native"
    (room / "sink.pa").write_text(_DAEMON_SCRIPT.format(socket=socket, sink=SINK, rate=RATE_HZ))
    played = room / "played.raw"
    alsa = room / "asound.conf"
    alsa.write_text(_ALSA_CONFIG.format(played=played))
    places = dict.fromkeys(("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH"), str(room))
    env = os.environ | places
    env["PULSE_SERVER"] = f"unix:{socket}"
    env["PULSE_COOKIE"] = str(room / "cookie")
    env["ALSA_CONFIG_PATH"] = str(alsa)
    tap = room / "tap"
    tap.mkdir()
    env["GRAMOPHONE_TEST_TAP"] = str(tap)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TAP_CODE), env.get("PYTHONPATH", ""))))
    return SoundCard(env=env, raw_path=played, tap=tap)


def _has_sink(env: dict[str, str]) -> bool:
    listing = subprocess.run(
        ["pactl", "list", "short", "sinks"], env=env, capture_output=True, text=True, check=False
    )
    return SINK in listing.stdout
