"""A replay under way with the hand of a test on its clock, and talks for it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from gramophone.audio.time_stretch import WsolaStretcher
from gramophone.core.clock import ManualClock
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    SessionEnded,
    TurnCompleted,
    TurnStarted,
)
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay, ReplayOptions, ReplayPorts
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.track_player import StretcherMaker
from tests.support.builders import SAMPLE_RATE_HZ, session_started
from tests.support.paced_speaker import PacedSpeaker

RATE_HZ = 1_000


class Nearest:
    """Sample k is sample k × speed: what comes out says where it is from."""

    def __init__(self, speed: float, _rate_hz: int) -> None:
        self._speed = speed
        self._taken = array("h")
        self._given = 0

    def push(self, pcm: bytes) -> bytes:
        self._taken.frombytes(pcm)
        return self._until(int(len(self._taken) / self._speed))

    def finish(self) -> bytes:
        return self._until(round(len(self._taken) / self._speed))

    def _until(self, end: int) -> bytes:
        places = [int(k * self._speed) for k in range(self._given, max(self._given, end))]
        self._given = max(self._given, end)
        last = len(self._taken) - 1
        return array("h", [self._taken[min(position, last)] for position in places]).tobytes()


class Stage:
    """A replay under way, and the hand on its clock."""

    def __init__(
        self,
        events: Sequence[Event],
        speed: float = 1.0,
        *,
        rate_hz: int = SAMPLE_RATE_HZ,
        off_ppm: int = 0,
        make_stretcher: StretcherMaker = WsolaStretcher,
        audible: bool = True,
        playing: bool = True,
        position_us: int = 0,
        stays: bool = True,
    ) -> None:
        self.clock = ManualClock()
        self.speaker = PacedSpeaker(self.clock, rate_hz, off_ppm=off_ppm)
        self.emitted: list[tuple[int, Entry]] = []
        self.states: list[ReplayState] = []
        self.on_emit: Callable[[Entry], None] = lambda _entry: None
        self.replay = Replay(
            ReplaySchedule(events),
            ReplayPorts(
                clock=self.clock,
                speaker=self.speaker,
                emit=self._emit,
                on_state=self.states.append,
                make_stretcher=make_stretcher,
            ),
            ReplayOptions(
                speed=speed,
                audible=audible,
                playing=playing,
                position_us=position_us,
                stays=stays,
            ),
        )

    def _emit(self, entry: Entry) -> None:
        self.emitted.append((self.clock.now_us(), entry))
        self.on_emit(entry)

    def go(self, for_us: int) -> None:
        """Let time pass, step by step as the replay wants them."""
        end_us = self.clock.now_us() + for_us
        due_us = self.replay.step()
        while due_us is not None and due_us <= end_us:
            self.clock.advance_us(max(0, due_us - self.clock.now_us()))
            due_us = self.replay.step()
        self.clock.advance_us(max(0, end_us - self.clock.now_us()))

    def to_the_end(self, limit_us: int = 60_000_000) -> None:
        due_us = self.replay.step()
        while due_us is not None:
            assert due_us < limit_us, "the replay has no end"
            self.clock.advance_us(max(0, due_us - self.clock.now_us()))
            due_us = self.replay.step()

    @property
    def state(self) -> ReplayState:
        return self.replay.state()

    def events(self) -> list[Event]:
        return [entry for _, entry in self.emitted if isinstance(entry, Event)]

    def time_of(self, kind: type) -> int:
        return next(at_us for at_us, entry in self.emitted if type(entry) is kind)

    def all_of(self, kind: type) -> list[Entry]:
        return [entry for _, entry in self.emitted if type(entry) is kind]


def talk(*lengths: int, gap_us: int = 2_000_000, text: str = "x", size: int = 100) -> list[Event]:
    """Answers of so many samples each; the samples of all count on from 1. A delta every 100 ms
    of the sound says at which of the turn's samples it came."""
    events: list[Event] = [session_started(sample_rate_hz=RATE_HZ)]
    at_us, first = 500_000, 1
    for number, samples in enumerate(lengths):
        turn = 2 * number + 1
        pcm = array("h", [1 + n % 30_000 for n in range(first - 1, first - 1 + samples)])
        first += samples
        events += [
            TurnStarted(at_us=at_us, turn=turn - 1, role="user", text="Q"),
            TurnCompleted(at_us=at_us, turn=turn - 1, role="user", text="Q", finish_reason="sent"),
            TurnStarted(at_us=at_us, turn=turn, role="assistant"),
            AudioReceived(
                at_us=at_us + 10,
                turn=turn,
                connection=0,
                offset_bytes=0,
                size_bytes=2 * samples,
                pcm=pcm.tobytes(),
            ),
        ]
        at_us += 300_000
        events.append(PlaybackStarted(at_us=at_us, turn=turn, device="x"))
        events += [
            DeltaReceived(at_us=at_us + sample * 1_000, turn=turn, text=f"{sample} ")
            for sample in range(size, samples, size)
        ]
        at_us += samples * 1_000
        events += [
            PlaybackFinished(at_us=at_us, turn=turn, played_samples=samples),
            TurnCompleted(
                at_us=at_us, turn=turn, role="assistant", text=text, finish_reason="stop"
            ),
        ]
        at_us += gap_us
    return [*events, SessionEnded(at_us=at_us)]


def pcm_of(events: Sequence[Event]) -> bytes:
    return b"".join(event.pcm for event in events if isinstance(event, AudioReceived))
