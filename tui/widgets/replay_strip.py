"""The upper row of now playing for a replay: speed, place in the session, what is switched on."""

from __future__ import annotations

from textual.content import Content

from gramophone.ports import ReplayState
from tui.colours import MUTED, PLAIN, SOUND
from tui.facts import clock, counted, times
from tui.transcript_model import TranscriptModel
from tui.widgets.strip import Strip


class ReplayStrip(Strip):
    """Drawn from the replay's state and from what was folded from its events."""

    def __init__(self) -> None:
        super().__init__()
        self._model = TranscriptModel()
        self._state = ReplayState()
        self._begun = False

    def show(self, model: TranscriptModel) -> None:
        self._model = model
        self._draw()

    def show_state(self, state: ReplayState, *, begun: bool) -> None:
        """Where the replay is; `begun` unless the session is only being read."""
        self._state, self._begun = state, begun
        self._draw()

    def _draw(self) -> None:
        self.take_over(self._pill() + self._place(), self._facts())

    def _pill(self) -> Content:
        state = self._state
        if state.playing:
            return Content.styled(f"▶ {times(state.speed)}", f"bold {SOUND}")
        if not self._begun:
            return Content.styled("○ stopped", MUTED)
        return Content.styled("‖ paused", PLAIN)

    def _place(self) -> Content:
        state = self._state
        if not state.ready:
            return Content("")
        here, whole = clock(state.position_us / 1e6), clock(state.duration_us / 1e6)
        return Content(f"  {here} / {whole}")

    def _facts(self) -> list[str]:
        """The least wanted last: it goes first where there is no room."""
        state, sound = self._state, self._model.sound
        facts: list[str] = []
        if sound.silent and sound.device_detail:
            facts.append("no sound device: silent")
        if state.loop is not None:
            facts.append("looping the turn")
        if state.skipping:
            facts.append("skipping silence")
        if not state.playing and state.speed != 1.0:
            facts.append(times(state.speed))
        if sound.underruns:
            facts.append(counted(sound.underruns, "underrun"))
        if state.ready:
            facts.append(f"{sound.rate_hz / 1000:g} kHz")
        return facts
