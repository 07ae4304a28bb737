"""Grid of one to four panes: which is spoken to, which is heard, and where each stands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container

from gramophone.core.frozen import frozen
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import Backend, ConversationOptions
from gramophone.ports.language_model import Message
from tui.conversation.layout import MOST_PANES, Arrangement, Wish, arrangement
from tui.conversation.pane import TICK_S
from tui.conversation.talk_pane import TalkPane
from tui.messages import PaneChanged, PanesChanged

Drawn = TypeVar("Drawn")


def drawing(panes: Sequence[Drawn], watched: Sequence[Drawn], ticks: int) -> list[Drawn]:
    """Panes that draw at this tick: the watched ones, and of the others every second, in turns.

    Drawing holds up the loop that handles keys, and each pane adds to it.
    """
    beside = [pane for pane in panes if pane not in watched]
    waiting = beside[ticks % 2 :: 2]
    return [pane for pane in panes if pane not in waiting]


@frozen
class StoredTalk:
    """A stored session that goes on, with what it goes on with; without a record a new one."""

    record: SessionRecord | None = None
    choice: ConversationOptions = ConversationOptions()
    inherited: Sequence[Message] = ()


class PaneGrid(Container):
    """Always has a pane. Posts `PanesChanged` when panes come, go or are chosen."""

    def __init__(
        self, backend: Backend, *, empty: str, empty_beside: str, resume: StoredTalk | None = None
    ) -> None:
        super().__init__()
        self._backend = backend
        self._empty_beside = empty_beside
        self._wish = Wish.BY_ROOM
        self._all = False
        self._ticks = 0
        self.arranged = Arrangement()
        first = resume or StoredTalk()
        self.chosen: TalkPane = self._made(
            first.choice, first.inherited, sounding=True, empty=empty, record=first.record
        )
        self.pinned: TalkPane | None = None
        self.panes = [self.chosen]

    def compose(self) -> ComposeResult:
        yield from self.panes

    def on_mount(self) -> None:
        self._show_all()
        self.set_interval(TICK_S, self._tick)

    async def _tick(self) -> None:
        """Draw one frame of all panes whose turn it is."""
        self._ticks += 1
        for pane in drawing(self.panes, (self.chosen, self.sounding), self._ticks):
            if pane.is_mounted:
                await pane.tick()
                # A key that came meanwhile goes before the next pane.
                await asyncio.sleep(0)

    # --- which --------------------------------------------------------------------------------

    @property
    def many(self) -> bool:
        return len(self.panes) > 1

    @property
    def number(self) -> int:
        """Number of the pane that is spoken to, from 1."""
        return self.panes.index(self.chosen) + 1

    @property
    def to_all(self) -> bool:
        """Whether a prompt goes to all of them."""
        return self._all and self.many

    @property
    def spoken_to(self) -> list[TalkPane]:
        """Panes that a prompt goes to."""
        return list(self.panes) if self.to_all else [self.chosen]

    @property
    def sounding(self) -> TalkPane:
        """Pane that is heard."""
        return self.pinned or self.chosen

    def choose(self, pane: TalkPane) -> None:
        """Speak to this pane from now on; unless it is pinned, the sound comes along."""
        if pane is not self.chosen and pane in self.panes:
            self.chosen = pane
            self._show_all()

    def go(self, step: int) -> None:
        """Speak to a neighbour; the last one's neighbour is the first."""
        self.choose(self.panes[(self.number - 1 + step) % len(self.panes)])

    def speak_to_all(self, to_all: bool) -> None:
        self._all = to_all
        self._show_all()

    def pin(self) -> None:
        """Keep the sound where it is chosen to be, or let it follow again."""
        self.pinned = None if self.pinned is self.chosen else self.chosen
        self._show_all()

    # --- opening and closing ------------------------------------------------------------------

    @property
    def full(self) -> bool:
        return len(self.panes) >= MOST_PANES

    async def open(
        self, choice: ConversationOptions | None = None, inherited: Sequence[Message] = ()
    ) -> TalkPane:
        """Another conversation after the one spoken to, like it unless chosen otherwise. It is
        the one spoken to from now on."""
        assert not self.full
        options = choice if choice is not None else self.chosen.choice
        pane = self._made(options, inherited, sounding=False, empty=self._empty_beside)
        before, self.chosen = self.chosen, pane
        self.panes.insert(self.panes.index(before) + 1, pane)
        await self.mount(pane, after=before)
        self._show_all()
        return pane

    async def replace(
        self,
        choice: ConversationOptions | None = None,
        inherited: Sequence[Message] = (),
        record: SessionRecord | None = None,
    ) -> TalkPane:
        """Another conversation in the place of the one spoken to, whose session stays. With a
        record that stored session goes on."""
        old = self.chosen
        options = choice if choice is not None else old.choice
        pane = self._made(
            options, inherited, sounding=old.sounding, empty=self._empty_beside, record=record
        )
        self.panes[self.panes.index(old)] = pane
        self.chosen = pane
        if self.pinned is old:
            self.pinned = pane
        # Mounted before the old one goes: a grid without a pane has nobody to speak to.
        await self.mount(pane, after=old)
        await self._give_up(old)
        return pane

    async def close(self) -> None:
        """End the conversation spoken to; its session stays. The last one cannot be closed."""
        assert self.many
        old = self.chosen
        index = self.panes.index(old)
        self.panes.remove(old)
        self.chosen = self.panes[min(index, len(self.panes) - 1)]
        if self.pinned is old:
            self.pinned = None
        await self._give_up(old)

    async def _give_up(self, pane: TalkPane) -> None:
        pane.conversation.close()
        await pane.remove()
        self._show_all()

    def _made(
        self,
        choice: ConversationOptions,
        inherited: Sequence[Message],
        *,
        sounding: bool,
        empty: str,
        record: SessionRecord | None = None,
    ) -> TalkPane:
        conversation = self._backend.open_conversation(
            choice,
            inherited=inherited,
            resume=record.summary.id if record is not None else "",
            focused=sounding,
        )
        return TalkPane(
            conversation,
            choice,
            empty=empty,
            chosen=self.choose,
            sounding=sounding,
            record=record,
        )

    # --- where --------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Have them below each other instead of beside, or the other way round; False if there
        is no room for it."""
        wish = Wish.BELOW if self.arranged.columns > 1 else Wish.BESIDE
        arranged = arrangement(len(self.panes), *self.size, wish)
        if arranged == self.arranged:
            return False
        self._wish = wish
        self._show_all()
        return True

    def on_resize(self, event: events.Resize) -> None:
        self._show_all()

    def _show_all(self) -> None:
        """Arrange them, give one the sound, and say which is which."""
        if not self.is_mounted:
            return
        self._set_out()
        sounding = self.sounding
        for pane in self.panes:
            pane.give_sound(pane is sounding)
            pane.display = pane is self.chosen or not self.arranged.alone
            self._show_header(pane)
        self.post_message(PanesChanged())

    def _set_out(self) -> None:
        self.set_class(self.many, "-many")
        arranged = self.arranged = arrangement(len(self.panes), *self.size, self._wish)
        self.styles.grid_size_columns = arranged.columns
        self.styles.grid_size_rows = arranged.rows
        for index, pane in enumerate(self.panes):
            last = index == len(self.panes) - 1
            cells_in_row = arranged.columns - index % arranged.columns
            pane.styles.column_span = cells_in_row if last and not arranged.alone else 1

    @on(PaneChanged)
    def _pane_changed(self, event: PaneChanged) -> None:
        for pane in self.panes:
            if pane.model is event.model:
                self._show_header(pane)

    def show_headers(self) -> None:
        """Draw the headers again, for a change that no event reports."""
        for pane in self.panes:
            self._show_header(pane)

    def _show_header(self, pane: TalkPane) -> None:
        if not pane.is_mounted:
            return
        number = self.panes.index(pane) + 1
        pane.show_header(
            f"{number}/{len(self.panes)}" if self.arranged.alone else str(number),
            chosen=pane is self.chosen,
            pinned=pane is self.pinned,
            visible=self.many,
        )
