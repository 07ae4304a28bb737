"""One turn of the transcript: a heading, its text, and what is to be said about how it ended."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.colours import ACCENT, MUTED, PLAIN, SOUND, TROUBLE
from tui.facts import milliseconds, seconds
from tui.transcript_model import Phase, TurnView

if TYPE_CHECKING:
    from tui.widgets.answer import Answer

LONGEST_PROMPT_SHOWN = 4_000
CHARACTERS_A_TICK = 8_000
_LABELS = {"user": ("›", "You"), "assistant": ("•", "Reply"), "notice": ("!", "Problem")}


class Heading(Widget):
    """Who speaks, and the facts of the turn at the right."""

    def __init__(self, view: TurnView) -> None:
        super().__init__()
        self._view = view

    def render(self) -> Content:
        view = self._view
        mark, label = _LABELS[view.voice]
        colour = {"user": ACCENT, "assistant": PLAIN, "notice": TROUBLE}[view.voice]
        left = Content.assemble((f"{mark} ", colour), (label, f"bold {colour}"))
        if view.speaking:
            left += Content.styled("  ▶ speaking", SOUND)
        elif view.voice == "assistant" and view.phase is Phase.WAITING:
            left += Content.styled("  waiting", MUTED)
        if view.withdrawn:
            left += Content.styled("  taken back", MUTED)
        right = " · ".join(_facts(view))
        gap = self.size.width - left.cell_length - len(right)
        if gap < 2:
            return left
        return left + Content(" " * gap) + Content.styled(right, MUTED)


def _facts(view: TurnView) -> list[str]:
    facts: list[str] = []
    if view.metrics.ttft_ms is not None:
        facts.append(f"TTFT {milliseconds(view.metrics.ttft_ms)}")
    if view.metrics.output_tokens is not None:
        facts.append(f"{view.metrics.output_tokens} tokens")
    if view.spoken_ms:
        facts.append(seconds(view.spoken_ms / 1000))
    return facts


class Body(Vertical):
    """Holds a turn's text."""

    def let_go(self) -> None:
        """Forget the widgets that were removed, and their lines.

        Textual keeps a container's last arrangement until it is arranged again, which does not
        happen out of view: every answer ever drawn would stay in memory.
        """
        self._clear_arrangement_cache()
        assert not self.displayed_children  # asking for them drops the list of the old ones
        self.refresh()


class TurnBlock(Vertical):
    """Draws one `TurnView`. An answer that is far out of view can be given back (`rest`)."""

    def __init__(self, view: TurnView, *, asleep: bool = False) -> None:
        super().__init__(classes=f"-{view.voice}")
        self.view = view
        self._asleep = asleep and view.voice == "assistant"
        self._answer: Answer | None = None
        self._shown_characters = 0
        self._shown_rewrites = 0
        self._finished = False

    def compose(self) -> ComposeResult:
        view = self.view
        yield Heading(view)
        if view.voice == "user":
            yield Static(_prompt_content(view.text), classes="body", markup=False)
        else:
            yield Body(classes="body")
        yield Static(classes="foot", markup=False)

    def on_mount(self) -> None:
        self.refresh_state()
        if self.view.voice == "user":
            self._shown_characters = len(self.view.text)
        elif self._asleep:
            self._body.styles.height = self._estimated_height()

    @property
    def _body(self) -> Body:
        return self.query_one(Body)

    @property
    def _foot(self) -> Static | None:
        """Gone from an answer at rest that had nothing to say below it."""
        return next(iter(self.query(".foot").results(Static)), None)

    # --- state --------------------------------------------------------------------------------

    def refresh_state(self) -> None:
        """Draw again what stands around the text."""
        view = self.view
        self.set_class(view.speaking, "-speaking")
        self.set_class(bool(view.failures), "-failed")
        self.set_class(view.withdrawn, "-withdrawn")
        self.display = not view.hidden
        if not self.children:
            return
        self.query_one(Heading).refresh()
        self.query_one(".body").display = bool(view.text)
        foot = self._foot
        if foot is not None:
            lines = _foot_lines(view)
            foot.update(Content("\n".join(lines)))
            foot.display = bool(lines)
        self._finish()

    # --- text ---------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether all text that has come is on the screen."""
        view = self.view
        return self._asleep or (
            self._shown_rewrites == view.rewrites and self._shown_characters == len(view.text)
        )

    async def draw_text(self) -> None:
        """Bring the screen nearer to the text: one append at most."""
        view = self.view
        if self.settled or not self.is_mounted or view.voice != "assistant":
            return
        if self._shown_rewrites != view.rewrites:
            await self._rewrite()
        else:
            start = self._shown_characters
            piece = view.text[start : start + CHARACTERS_A_TICK]
            self._shown_characters = start + len(piece)
            answer = await self._awake_answer()
            answer.append(piece)
        self._finish()

    def _finish(self) -> None:
        """All has come and is drawn: nothing half-written is left open."""
        if self._answer is not None and self.view.over and self.settled and not self._finished:
            self._finished = True
            self._answer.finish()

    async def _rewrite(self) -> None:
        self._finished = False
        self._shown_rewrites = self.view.rewrites
        self._shown_characters = len(self.view.text)
        answer = await self._awake_answer()
        answer.update(self.view.text)

    async def _awake_answer(self) -> Answer:
        if self._answer is None:
            from tui.widgets.answer import Answer

            self._answer = Answer()
            await self._body.mount(self._answer)
        return self._answer

    # --- rest ---------------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        return self._asleep

    @property
    def can_rest(self) -> bool:
        view = self.view
        return view.over and view.voice == "assistant" and not self._asleep and self.settled

    async def rest(self) -> None:
        """Give the live widgets back; the block keeps its height."""
        if self._answer is None or self._asleep:
            return
        self._asleep = True
        self._body.styles.height = max(1, self._answer.outer_size.height)
        answer, self._answer = self._answer, None
        # A widget keeps its lines for drawing them again, and a cache of Textual's keeps what
        # belongs to removed widgets; a refresh lets go of the lines.
        self.refresh()
        answer.refresh()
        await answer.remove()
        self._body.let_go()
        if (foot := self._foot) is not None and not foot.display:
            await foot.remove()

    async def wake(self) -> None:
        """Draw the text again: the block comes into view."""
        if not self._asleep:
            return
        self._asleep = False
        self._shown_characters = len(self.view.text)
        self._shown_rewrites = self.view.rewrites
        answer = await self._awake_answer()
        answer.update(self.view.text)
        self._finished = False
        self._finish()
        self._body.styles.height = None

    def _estimated_height(self) -> int:
        width = max(20, self.app.size.width - 6)
        return sum(max(1, math.ceil(len(line) / width)) for line in self.view.text.split("\n"))


def _prompt_content(text: str) -> Content:
    if len(text) <= LONGEST_PROMPT_SHOWN:
        return Content(text)
    rest = len(text) - LONGEST_PROMPT_SHOWN
    return Content(text[:LONGEST_PROMPT_SHOWN]) + Content.styled(
        f" … and {rest:,} more characters", MUTED
    )


def _foot_lines(view: TurnView) -> list[str]:
    lines = list(view.failures)
    if view.phase is Phase.STOPPED:
        if not view.text:
            lines.append("■ stopped before anything was heard")
        elif view.unheard_characters:
            lines.append(f"■ stopped; {view.unheard_characters:,} more characters were not heard")
        else:
            lines.append("■ stopped")
    elif view.phase is Phase.FAILED and not view.failures:
        lines.append("The answer failed before its end.")
    return lines
