"""Replay: a kept session as a source of the same events, in the same order and time.

It moves a position over a `ReplaySchedule`. While recorded sound plays, the speaker's playout
position is
the clock and the position follows it, whatever the card's own idea of a second; where nothing
sounds, the injected clock moves it. Whatever lies up to the position is told. Forwards that is
only a matter of telling more; a way back is a `TimelineRestarted` and all that holds then.

The replay knows the clock and the speaker only through `clock` and `ports`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from gramophone.core.clock import Clock
from gramophone.core.errors import ConfigError
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Entry
from gramophone.ports.backend import FASTEST, SLOWEST, ReplayState, TurnMark
from gramophone.ports.engine import Speaker
from gramophone.replay.event_cursor import EventCursor
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.track import Track
from gramophone.replay.track_player import Stretch, StretchMaker, TrackPlayer

GLANCE_US = 60_000
SHORTEST_WAIT_US = 5_000
IDLE_US = 600_000
LEFT_OF_IDLE_US = 250_000
"""Where nothing sounds for longer than `IDLE_US`, this much of it is left when it is skipped."""

SHORTEST_LOOP_US = 200_000


class _Unchanged:
    """Sound as it is."""

    def push(self, pcm: bytes) -> bytes:
        return pcm

    def finish(self) -> bytes:
        return b""


def _unchanged(_speed: float) -> Stretch:
    return _Unchanged()


class Replay:
    """Plays a score; infinity as `speed` waits for nothing and sounds nothing.

    At another speed than 1 the sound passes through what `stretch` makes. Without `heard` nothing
    sounds and the text comes in its time. With `stays` it pauses at its end, to be played again;
    otherwise `run` returns there. `tell` is given the state whenever that has changed. With `anew`
    whoever listens has heard of the session before, and forgets that first.

    Raises:
        ConfigError: the speed is not above 0.
    """

    def __init__(
        self,
        score: ReplaySchedule,
        *,
        clock: Clock,
        speaker: Speaker,
        emit: Callable[[Entry], None],
        speed: float = 1.0,
        stretch: StretchMaker = _unchanged,
        heard: bool = True,
        playing: bool = True,
        at_us: int = 0,
        stays: bool = False,
        tell: Callable[[ReplayState], None] | None = None,
        anew: bool = False,
    ) -> None:
        if not speed > 0:
            raise ConfigError(f"The speed is {speed:g}; it must be above 0.")
        self._score = score
        self._clock = clock
        self._speaker = speaker
        self._teller = EventCursor(score, emit, anew=anew)
        self._speed = speed
        self._stretch = stretch
        self._heard = heard
        self._playing = playing
        self._stays = stays
        self._tell = tell
        self._skipping = False
        self._loop: int | None = None
        self._position_us = min(max(0, at_us), self._score.duration_us)
        self._since_us = 0  # the clock when the position was set, where nothing sounds
        self._since_position_us = 0
        self._moved = True  # the position was set, and what holds there is to be told
        self._sounding: TrackPlayer | None = None
        self._stretches = 0
        self._glance_due_us = 0
        self._opened = False
        self._undrained: int | None = None
        self._drained = asyncio.Event()
        self._woken = asyncio.Event()

    # --- running ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Play. Returns at the end, when the last sample has been played, unless it stays."""
        try:
            if math.isinf(self._speed):
                self._open()
                self._teller.tell_everything()
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
        self._tell_what_holds()
        now_us = self._clock.now_us()
        if self._playing and now_us >= self._glance_due_us:
            self._glance_due_us = now_us + GLANCE_US
            self._tell_glance()
        self._publish()
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

    # --- controls; call them on the loop ------------------------------------------------------

    def state(self) -> ReplayState:
        """Where it is."""
        score = self._score
        return ReplayState(
            ready=True,
            position_us=self._position_us,
            duration_us=score.duration_us,
            playing=self._playing,
            speed=self._speed,
            skipping=self._skipping,
            loop=self._loop,
            marks=score.marks,
            passages=score.passages,
        )

    def play(self) -> None:
        """Go on; from the beginning when it is at the end."""
        if not self._playing:
            if (mark := self._looped()) is not None:
                self._go_to(mark.start_us)
            elif self._position_us >= self._score.duration_us:
                self._go_to(0)
            self._playing = True
            self._anchor()
        self._woken.set()

    def pause(self) -> None:
        """Silence at once; the position stays."""
        self._halt()
        self._playing = False
        self._woken.set()

    def seek(self, position_us: int) -> None:
        """Go on from there, or stay paused there."""
        mark = self._score.mark_of(self._loop) if self._loop is not None else None
        if mark is not None and not mark.start_us <= position_us <= mark.end_us:
            self._loop = None
        self._go_to(position_us)
        self._woken.set()

    def play_from(self, turn: int, character: int) -> None:
        """Play from where this character of the turn's text is spoken, else from its turn."""
        position_us = self._score.position_of_word(turn, character)
        if position_us is not None:
            self.seek(position_us)
            self.play()

    def set_speed(self, speed: float) -> None:
        """From `SLOWEST` to `FASTEST`; heard at once."""
        self._halt()
        self._speed = min(FASTEST, max(SLOWEST, speed))
        self._anchor()
        self._woken.set()

    def skip_silence(self, skip: bool) -> None:
        """Jump over stretches where nothing sounds and nothing is told."""
        self._halt()
        self._skipping = skip
        self._anchor()
        self._woken.set()

    def loop(self, turn: int | None) -> None:
        """Play this turn again and again; one that takes no time cannot be."""
        mark = self._score.mark_of(turn) if turn is not None else None
        long_enough = mark is not None and mark.end_us - mark.start_us >= SHORTEST_LOOP_US
        self._loop = turn if long_enough else None
        if mark is not None and long_enough:
            if not mark.start_us <= self._position_us <= mark.end_us:
                self._go_to(mark.start_us)
        self._woken.set()

    # --- the position -------------------------------------------------------------------------

    def _move(self) -> None:
        """Bring the position up to now; go over whatever boundary it has reached."""
        sounding = self._sounding
        if sounding is None:
            self._move_by_clock()
            return
        sounding.feed()
        self._position_us = sounding.track.us_of(sounding.heard_to())
        if sounding.over:
            self._sounding = None
            self._position_us = sounding.track.us_of(sounding.resume)
            self._anchor()
            self._boundary()
        elif self._looped():
            self._boundary()

    def _move_by_clock(self) -> None:
        if self._audible(self._position_us) is not None:
            # Set here by a seek: begin with this very sample.
            self._boundary()
            return
        limit_us = self._limit_us()
        self._position_us = self._by_clock_us()
        if self._skipping and self._score.track_at(self._position_us) is None:
            ahead_us = min(self._teller.next_due_us, limit_us)
            if ahead_us - self._position_us > IDLE_US:
                self._position_us = ahead_us - LEFT_OF_IDLE_US
                self._anchor()
        if self._position_us >= limit_us:
            self._anchor()
        self._boundary()

    def _boundary(self) -> None:
        """The end of the loop, the beginning of a sound, or the end of it all."""
        if (mark := self._looped()) is not None:
            self._tell_what_holds()
            self._go_to(mark.start_us)
        track = self._audible(self._position_us)
        if track is not None:
            # What lies before the first sample is told before it is handed over.
            self._tell_what_holds()
            self._begin(track)
        elif self._position_us >= self._score.duration_us:
            self._playing = False

    def _looped(self) -> TurnMark | None:
        """The turn that is over and is to be played again."""
        mark = self._score.mark_of(self._loop) if self._loop is not None else None
        return mark if mark is not None and self._position_us >= mark.end_us else None

    def _begin(self, track: Track) -> None:
        self._stretches += 1
        self._sounding = TrackPlayer(
            track,
            track.laid_at(self._position_us),
            speaker=self._speaker,
            number=self._stretches,
            speed=self._speed,
            stretch=_Unchanged() if self._speed == 1.0 else self._stretch(self._speed),
            skip_silence=self._skipping,
        )
        self._drained.clear()
        self._undrained = self._stretches
        self._sounding.feed()

    def _go_to(self, position_us: int) -> None:
        self._halt()
        position_us = min(max(0, position_us), self._score.duration_us)
        self._teller.go_to(position_us)
        self._position_us = position_us
        self._moved = True
        self._anchor()

    def _halt(self) -> None:
        """Silence; the position is what was heard."""
        if self._sounding is not None:
            sounding, self._sounding = self._sounding, None
            self._position_us = sounding.track.us_of(sounding.stop())
            self._undrained = None
        elif self._playing and self._audible(self._position_us) is None:
            self._position_us = self._by_clock_us()

    def _by_clock_us(self) -> int:
        lived_us = self._clock.now_us() - self._since_us
        wanted_us = self._since_position_us + int(lived_us * self._speed)
        return max(self._position_us, min(wanted_us, self._limit_us()))

    def _anchor(self) -> None:
        self._since_us = self._clock.now_us()
        self._since_position_us = self._position_us

    def _limit_us(self) -> int:
        """How far the clock may move the position: what comes then needs a look."""
        limit_us = self._score.duration_us
        track = self._score.next_track(self._position_us)
        while track is not None and not self._sounds(track):
            track = self._score.next_track(track.start_us)
        if track is not None:
            limit_us = min(limit_us, track.start_us)
        mark = self._score.mark_of(self._loop) if self._loop is not None else None
        if mark is not None and self._position_us < mark.end_us:
            limit_us = min(limit_us, mark.end_us)
        return limit_us

    def _sounds(self, track: Track) -> bool:
        return self._heard and track.audible and track.samples > 0

    def _audible(self, position_us: int) -> Track | None:
        track = self._score.track_at(position_us)
        return track if track is not None and self._sounds(track) else None

    def _next_step_us(self, now_us: int) -> int:
        ahead_us = self._teller.next_due_us
        if self._sounding is None:
            ahead_us = min(ahead_us, self._limit_us())
            lived_us = math.ceil((ahead_us - self._since_position_us) / self._speed)
            due_us = max(now_us, self._since_us + lived_us)
        else:
            end_us = self._sounding.track.us_of(self._sounding.end)
            waiting_us = int((min(ahead_us, end_us) - self._position_us) / self._speed)
            due_us = now_us + max(SHORTEST_WAIT_US, waiting_us)
        return min(due_us, self._glance_due_us)

    # --- telling ------------------------------------------------------------------------------

    def _tell_what_holds(self) -> None:
        moved, self._moved = self._moved, False
        self._teller.tell_up_to(self._position_us, at_once=moved)

    def _tell_glance(self) -> None:
        level = self._speaker.level() if self._sounding is not None else None
        self._teller.tell_glance(self._position_us, level)

    def _publish(self) -> None:
        if self._tell is not None:
            self._tell(self.state())

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
        """The last sample of a stretch was played."""
        if turn == self._undrained:
            self._undrained = None
            self._drained.set()

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        """Where this replay sounds is a fact of now."""
        self._teller.tell_device(device, silent, detail)
