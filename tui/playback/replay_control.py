"""Control of a replay by its listener: pause, seek, skip, speed and loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from gramophone.ports.backend import ReplayFeed, ReplayState
from tui.playback.waveform import stops

SPEEDS: Final = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
INTO_TURN_US: Final = 1_500_000
"""Further into a turn than this, "turn before" means the beginning of this one."""


class ReplayControl:
    """Turns what a listener wants into requests to one replay.

    A replay runs in the engine's thread and answers a request some milliseconds later, while keys
    that are held come faster. So each request is remembered with the state that it should lead to
    (`expected`), and the next one counts from there: ten presses of "5 s on" are 50 s. As soon as
    the replay has another state than the one that was seen with the request, that state is what
    holds, whatever was expected.
    """

    def __init__(self, feed: ReplayFeed) -> None:
        self.feed = feed
        self._requested: tuple[ReplayState, ReplayState] | None = None

    @property
    def state(self) -> ReplayState:
        """State of the replay; the same object while nothing moves."""
        return self.feed.state()

    @property
    def expected(self) -> ReplayState:
        """State that the replay has, or will have when it has done the last request."""
        state = self.feed.state()
        if self._requested is not None and self._requested[0] is state:
            return self._requested[1]
        return state

    @property
    def turn(self) -> int | None:
        """Turn at the expected position; None at the very beginning."""
        state = self.expected
        begun = [mark.turn for mark in state.marks if mark.start_us <= state.position_us]
        return begun[-1] if begun and state.position_us else None

    def play(self, turn: int | None = None, character: int = 0) -> None:
        """Go on; with a turn, from where this character of its text is spoken."""
        self._expect(playing=True)
        if turn is None:
            self.feed.play()
        else:
            self.feed.play_from(turn, character)

    def pause(self) -> None:
        self._expect(playing=False)
        self.feed.pause()

    # --- position -----------------------------------------------------------------------------

    def seek(self, position_us: int) -> None:
        position_us = min(max(0, position_us), self.state.duration_us)
        self._expect(position_us=position_us)
        self.feed.seek(position_us)

    def skip(self, seconds: int) -> None:
        """Go on, or back where `seconds` is negative."""
        self.seek(self.expected.position_us + seconds * 1_000_000)

    def seek_tenth(self, tenth: int) -> None:
        """Go to this tenth of the session's length, 0 to 9."""
        self.seek(self.state.duration_us * tenth // 10)

    def next_turn(self) -> None:
        """Go to the next turn, behind the last one to the end."""
        here_us = self.expected.position_us
        later = [stop_us for stop_us in stops(self.state.marks) if stop_us > here_us]
        self.seek(later[0] if later else self.state.duration_us)

    def turn_before(self) -> None:
        """Go to the beginning of this turn, or near it to that of the one before."""
        here_us = self.expected.position_us
        limit_us = here_us - INTO_TURN_US if self.state.playing else here_us
        before = [stop_us for stop_us in stops(self.state.marks) if stop_us < limit_us]
        self.seek(before[-1] if before else 0)

    # --- how it plays -------------------------------------------------------------------------

    def change_speed(self, steps: int) -> None:
        """Take the speed that is so many steps further on the ladder `SPEEDS`."""
        now = self.expected.speed
        nearest = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - now))
        speed = SPEEDS[min(len(SPEEDS) - 1, max(0, nearest + steps))]
        self._expect(speed=speed)
        self.feed.set_speed(speed)

    def toggle_skip_silence(self) -> None:
        skip = not self.expected.skipping
        self._expect(skipping=skip)
        self.feed.skip_silence(skip)

    def toggle_loop(self) -> None:
        """Play the present turn again and again, or stop doing so."""
        state = self.expected
        begun = [mark for mark in self.state.marks if mark.start_us <= state.position_us]
        turn = None if state.loop is not None or not begun else begun[-1].turn
        self._expect(loop=turn)
        self.feed.loop(turn)

    def _expect(self, **changes: Any) -> None:
        self._requested = (self.feed.state(), replace(self.expected, **changes))
