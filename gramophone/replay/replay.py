"""Replay: a stored session as a source of the same events, in the same order and time.

`Replay` moves a `Playhead` over a `ReplaySchedule`, and emits the events up to it. Moving forward
only emits more; going back emits `TimelineRestarted` and all that holds at the new position.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from gramophone.core.clock import Clock
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Entry
from gramophone.ports.backend import FASTEST, SLOWEST, ReplayState
from gramophone.ports.speaker import Speaker
from gramophone.replay.event_cursor import EventCursor
from gramophone.replay.playhead import Playhead
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.track import Track
from gramophone.replay.track_player import StretcherMaker, TimeStretcher, TrackPlayer

PLAYOUT_INTERVAL_US = 60_000
SHORTEST_WAIT_US = 5_000


class _Unchanged:
    """Time stretcher for speed 1: sound as it is."""

    def push(self, pcm: bytes) -> bytes:
        return pcm

    def finish(self) -> bytes:
        return b""


def _unchanged(_speed: float, _rate_hz: int) -> TimeStretcher:
    return _Unchanged()


@frozen
class ReplayPorts:
    """Edges of a replay: its clock and speaker, and the listeners of its entries and its state.

    `make_stretcher` makes what sound passes through at another speed than 1; `on_state` is called
    after every step.
    """

    clock: Clock
    speaker: Speaker
    emit: Callable[[Entry], None]
    on_state: Callable[[ReplayState], None] | None = None
    make_stretcher: StretcherMaker = _unchanged


@frozen
class ReplayOptions:
    """Beginning and end of a replay.

    Infinity as `speed` waits for nothing and plays no sound. Without `audible` no sound is played
    either, but the text comes in its time. With `stays` the replay pauses at its end, to be
    played again; otherwise `Replay.run` returns there. With `restarts` the listener has had
    entries of the session before, so a `TimelineRestarted` comes first.
    """

    speed: float = 1.0
    audible: bool = True
    playing: bool = True
    position_us: int = 0
    stays: bool = False
    restarts: bool = False


_DEFAULTS = ReplayOptions()

# Two clocks. While recorded sound plays, the speaker's playout position is the clock and the
# position follows it, so that text and sound cannot drift apart however the sound card's second
# differs from the machine's. Where nothing sounds, the injected clock moves the position. `_move`
# switches between the two at boundaries only: at the first sample of a track, at the end of what
# the player has handed over, at the end of a loop.
#
# Order at a boundary: events due at the position are emitted before the first sample is handed to
# the speaker, because a listener must know of a turn before it hears it.


class Replay:
    """Play a schedule to `ports`. Its methods are called on the event loop it runs in.

    Raises:
        ConfigError: the speed is not above 0.
    """

    def __init__(
        self, schedule: ReplaySchedule, ports: ReplayPorts, options: ReplayOptions = _DEFAULTS
    ) -> None:
        if not options.speed > 0:
            raise ConfigError(f"The speed is {options.speed:g}; it must be above 0.")
        self._schedule = schedule
        self._clock = ports.clock
        self._speaker = ports.speaker
        self._on_state = ports.on_state
        self._make_stretcher = ports.make_stretcher
        self._cursor = EventCursor(schedule, ports.emit, restarts=options.restarts)
        self._playhead = Playhead(
            schedule,
            ports.clock,
            position_us=options.position_us,
            speed=options.speed,
            audible=options.audible,
        )
        self._playing = options.playing
        self._stays = options.stays
        self._skipping = False
        self._jumped = True  # the position was set, and what holds there is to be emitted
        self._player: TrackPlayer | None = None
        self._players = 0
        self._playout_due_us = 0
        self._opened = False
        self._undrained: int | None = None
        self._drained = asyncio.Event()
        self._woken = asyncio.Event()

    # --- running ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Play. Returns at the end, when the last sample has been played, unless it stays."""
        try:
            if math.isinf(self._playhead.speed):
                self._open()
                self._cursor.emit_all()
                return
            while True:
                due_us = self.step()
                if not self._playing and not self._stays:
                    break
                await self._wait_until(due_us)
            if self._undrained is not None:
                await self._drained.wait()
        finally:
            await self._speaker.aclose()

    def step(self) -> int | None:
        """Do what is due now; the instant of the next step, or None while nothing moves."""
        if self._playing:
            self._open()
            self._move()
        self._emit_due()
        now_us = self._clock.now_us()
        if self._playing and now_us >= self._playout_due_us:
            self._playout_due_us = now_us + PLAYOUT_INTERVAL_US
            level = self._speaker.level() if self._player is not None else None
            self._cursor.emit_playout(self._playhead.position_us, level)
        if self._on_state is not None:
            self._on_state(self.state())
        return self._next_step_us(now_us) if self._playing else None

    async def _wait_until(self, due_us: int | None) -> None:
        self._woken.clear()
        sleeping = None
        if due_us is not None:
            sleeping = spawn(self._sleep_until(due_us), name="replay sleep")
        try:
            await self._woken.wait()
        finally:
            await cancel(sleeping)

    async def _sleep_until(self, due_us: int) -> None:
        await self._clock.sleep_until_us(due_us)
        self._woken.set()

    # --- controls -----------------------------------------------------------------------------

    def state(self) -> ReplayState:
        """Give the position, and what a screen shows beside it."""
        return ReplayState(
            ready=True,
            position_us=self._playhead.position_us,
            duration_us=self._schedule.duration_us,
            playing=self._playing,
            speed=self._playhead.speed,
            skipping=self._skipping,
            loop=self._playhead.loop_turn,
            marks=self._schedule.marks,
            passages=self._schedule.passages,
        )

    def play(self) -> None:
        """Go on; from the beginning when it is at the end."""
        if not self._playing:
            if (mark := self._playhead.finished_loop()) is not None:
                self._jump(mark.start_us)
            elif self._playhead.at_end:
                self._jump(0)
            self._playing = True
            self._playhead.anchor()
        self._woken.set()

    def pause(self) -> None:
        """Stop the sound at once; the position stays."""
        self._halt()
        self._playing = False
        self._woken.set()

    def seek(self, position_us: int) -> None:
        """Go on from there, or stay paused there."""
        if not self._playhead.in_loop(position_us):
            self._playhead.loop_turn = None
        self._jump(position_us)
        self._woken.set()

    def play_from(self, turn: int, character: int) -> None:
        """Play from where this character of the turn's text is spoken, else from its turn."""
        position_us = self._schedule.position_of_word(turn, character)
        if position_us is not None:
            self.seek(position_us)
            self.play()

    def set_speed(self, speed: float) -> None:
        """Set the speed, limited to `SLOWEST` and `FASTEST`; it is heard at once."""
        self._halt()
        self._playhead.speed = min(FASTEST, max(SLOWEST, speed))
        self._playhead.anchor()
        self._woken.set()

    def skip_silence(self, skip: bool) -> None:
        """Jump over times in which nothing sounds and no event is due, or do not."""
        self._halt()
        self._skipping = skip
        self._playhead.anchor()
        self._woken.set()

    def loop(self, turn: int | None) -> None:
        """Play this turn again and again; None ends the loop. A very short turn is ignored."""
        playhead = self._playhead
        playhead.set_loop(turn)
        mark = playhead.loop_mark
        if mark is not None and not playhead.in_loop(playhead.position_us):
            self._jump(mark.start_us)
        self._woken.set()

    # --- the position -------------------------------------------------------------------------

    def _move(self) -> None:
        """Bring the position up to now; go over whatever boundary it has reached."""
        player, playhead = self._player, self._playhead
        if player is None:
            # Set into a sound by a seek, it begins with this very sample.
            if playhead.track() is None:
                playhead.advance_over_idle(self._cursor.next_due_us, skip=self._skipping)
            self._cross_boundary()
            return
        player.feed()
        playhead.position_us = player.position_us
        if player.over:
            self._player = None
            playhead.set(player.resume_us)
            self._cross_boundary()
        elif playhead.finished_loop():
            self._cross_boundary()

    def _cross_boundary(self) -> None:
        """Act on the end of the loop, the beginning of a sound, or the end of the session."""
        if (mark := self._playhead.finished_loop()) is not None:
            self._emit_due()
            self._jump(mark.start_us)
        track = self._playhead.track()
        if track is not None:
            self._emit_due()
            self._begin(track)
        elif self._playhead.at_end:
            self._playing = False

    def _begin(self, track: Track) -> None:
        self._players += 1
        speed = self._playhead.speed
        self._player = TrackPlayer(
            track,
            track.sample_at(self._playhead.position_us),
            speaker=self._speaker,
            speaker_turn=self._players,
            speed=speed,
            stretcher=(
                _Unchanged() if speed == 1.0 else self._make_stretcher(speed, track.rate_hz)
            ),
            skip_silence=self._skipping,
        )
        self._drained.clear()
        self._undrained = self._players
        self._player.feed()

    def _jump(self, position_us: int) -> None:
        self._halt()
        self._playhead.set(position_us)
        self._cursor.seek(self._playhead.position_us)
        self._jumped = True

    def _halt(self) -> None:
        """Stop the sound; the position becomes that of the last sample that was heard."""
        if self._player is not None:
            player, self._player = self._player, None
            self._playhead.position_us = player.stop_us()
            self._undrained = None
        elif self._playing and self._playhead.track() is None:
            self._playhead.advance()

    def _next_step_us(self, now_us: int) -> int:
        next_us = self._cursor.next_due_us
        player = self._player
        if player is None:
            due_us = max(now_us, self._playhead.instant_of(next_us))
        else:
            ahead_us = min(next_us, player.end_us) - self._playhead.position_us
            due_us = now_us + max(SHORTEST_WAIT_US, int(ahead_us / self._playhead.speed))
        return min(due_us, self._playout_due_us)

    def _emit_due(self) -> None:
        jumped, self._jumped = self._jumped, False
        self._cursor.advance_to(self._playhead.position_us, jumped=jumped)

    # --- the speaker --------------------------------------------------------------------------

    def _open(self) -> None:
        if not self._opened:
            self._opened = True
            self._speaker.open(self)

    def playback_began(self, turn: int, at_us: int) -> None:
        """Nothing to do: the recording says when the sound began."""

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        """Nothing to do: the position waits with the sound."""

    def drained(self, turn: int, played_samples: int) -> None:
        """Note that the last sample of a player was played."""
        if turn == self._undrained:
            self._undrained = None
            self._drained.set()

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        """Emit the device on which this replay sounds now, whatever was recorded."""
        self._cursor.emit_device(device, silent, detail)
