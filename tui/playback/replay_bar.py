"""The row above the strip of sound in a replay: speed, position, controls to click."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.style import Style

from gramophone.ports.backend import ReplayState
from tui.playback.now_playing import NowPlaying
from tui.support.formatting import clock, times
from tui.theme.colour_names import ACCENT, MUTED, PLAIN, SOUND
from tui.transcript.model import TranscriptModel

_CONTROL = "control"
_READING = "reading the timeline"
_READING_THEN = f"{_READING}; what you asked for comes then"


class ReplayBar(NowPlaying):
    """Drawn from the replay's state and from what was folded from its events."""

    def __init__(self) -> None:
        super().__init__()
        self._model = TranscriptModel()
        self._state = ReplayState()
        self._begun = False
        self._waiting = False
        self._content: tuple[object, ...] = ()

    def show(self, model: TranscriptModel) -> None:
        self._model = model
        self._draw()

    def show_state(self, state: ReplayState, *, begun: bool, waiting: bool = False) -> None:
        """Show a state of the replay.

        `begun` is false while the session is only read; `waiting` says that something was asked
        for that waits for the timeline.
        """
        self._state, self._begun, self._waiting = state, begun, waiting
        self._draw()

    def _draw(self) -> None:
        """Take over what is shown; called with every tick, though it changes once a second."""
        state, facts = self._state, self._facts()
        content = (
            *(state.ready, state.playing, state.speed, state.skipping, state.loop, self._begun),
            *(self._waiting, state.position_us // 1_000_000, state.duration_us, *facts),
        )
        if content == self._content:
            return
        self._content = content
        self.take_over(self._pill() + self._place(), facts, self._controls_now())

    def _pill(self) -> Content:
        state = self._state
        if not state.ready:
            return Content.styled("… ", ACCENT) + Content(
                _READING_THEN if self._waiting else _READING
            )
        if state.playing:
            pill = Content.styled(f"▶ {times(state.speed)}", f"bold {SOUND}")
        elif self._begun:
            pill = Content.styled("‖ paused", PLAIN)
        else:
            pill = Content.styled("○ stopped", MUTED)
        if not state.playing and state.speed != 1.0:
            pill += Content.styled(f" {times(state.speed)}", MUTED)
        return pill.stylize_before(_click("play_pause"))

    def _place(self) -> Content:
        state = self._state
        if not state.ready:
            return Content("")
        here, whole = clock(state.position_us / 1e6), clock(state.duration_us / 1e6)
        return Content(f"  {here} / {whole}")

    def _facts(self) -> list[str]:
        """Facts at the right, the least wanted last: it goes first where there is no room."""
        sound = self._model.sound
        facts: list[str] = []
        if sound.silent and sound.device_detail:
            facts.append("no sound device: silent")
        return facts

    def _controls_now(self) -> list[Content]:
        """Ways to write the controls, each of which a key does, too.

        A control that is on says so in words, not by colour alone.
        """
        state = self._state
        if not state.ready:
            return []
        loop = _control("looping" if state.loop is not None else "loop", "loop")
        skip = _control("skipping" if state.skipping else "skip", "skip_silence")
        silence = _control(f"{skip.plain} silence", "skip_silence")
        if state.loop is not None:
            loop = loop.stylize(SOUND)
        if state.skipping:
            skip, silence = skip.stylize(SOUND), silence.stylize(SOUND)
        slower, faster = _control("slower", "speed(-1)"), _control("faster", "speed(1)")
        less, more = _control("−", "speed(-1)"), _control("+", "speed(1)")
        return [
            Content("  ").join([slower, faster, loop, silence]),
            Content(" ").join([less, more, loop, skip]),
            Content(" ").join([less, more, loop]),
        ]

    async def on_click(self, event: events.Click) -> None:
        # Not as links of Textual, for these would all have one colour.
        action = event.style.meta.get(_CONTROL)
        if action:
            event.stop()
            await self.run_action(action)


def _control(words: str, action: str) -> Content:
    return Content.styled(words, MUTED).stylize_before(_click(action))


def _click(action: str) -> Style:
    return Style.from_meta({_CONTROL: f"screen.{action}"})
