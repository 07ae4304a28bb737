"""The turns of a pane, one under the other; follows the end unless the user reads above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from tui.transcript_model import TurnView
from tui.widgets.turn import TurnBlock

KEPT_AWAKE = 4


class Transcript(VerticalScroll):
    """Draws the turns it is shown. Far from the view, answers are at rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Scroll down", id="transcript.down", show=False),
        Binding("k,up", "scroll_up", "Scroll up", id="transcript.up", show=False),
        Binding("home,g", "scroll_home", "Go to the beginning", id="transcript.home", show=False),
        Binding("end,G", "follow", "Follow the end", id="transcript.follow", show=False),
    ]

    clickable_words = False
    """Whether a click on a word of an answer asks to hear it from there."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, TurnBlock] = {}
        self._height_when_left = 0
        self._settled_for: tuple[object, ...] | None = None

    def on_mount(self) -> None:
        self.anchor()

    # --- turns --------------------------------------------------------------------------------

    async def show(self, changed: Sequence[TurnView]) -> None:
        """Draw what has changed; blocks for new turns are mounted in one go."""
        new: list[TurnBlock] = []
        for view in changed:
            block = self._blocks.get(view.turn)
            if block is None:
                asleep = view.over and len(changed) > KEPT_AWAKE and view in changed[:-KEPT_AWAKE]
                block = self._blocks[view.turn] = TurnBlock(view, asleep=asleep)
                new.append(block)
            elif block.view is view:
                block.refresh_state()
        if new:
            await self.mount_all(new)

    async def forget(self, gone: Sequence[int]) -> None:
        """Take these turns away: the source went back to before them."""
        blocks = [self._blocks.pop(turn) for turn in gone if turn in self._blocks]
        if blocks:
            self._settled_for = None
            await self.remove_children(blocks)

    async def draw_text(self) -> None:
        """One step of bringing text on the screen, for the turns that have some to come."""
        for block in list(self._blocks.values())[-KEPT_AWAKE:]:
            await block.draw_text()

    async def clear(self, *, follow: bool) -> None:
        """Begin anew: at the end as it grows, or at the top to be read."""
        self._blocks.clear()
        self._settled_for = None
        await self.remove_children()
        self.anchor(follow)
        if not follow:
            self.scroll_home(animate=False, immediate=True)

    @property
    def settled(self) -> bool:
        return all(block.settled for block in self._blocks.values())

    # --- following ----------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        held = self.is_anchored and not self._anchor_released
        return held or self.scroll_offset.y >= self.max_scroll_y

    @property
    def new_lines(self) -> int:
        """Lines that came since the user went up to read."""
        if not self.is_anchored:
            return 0
        return max(0, self.virtual_size.height - self._height_when_left)

    def release_anchor(self) -> None:
        if not self._anchor_released:
            self._height_when_left = self.virtual_size.height
        super().release_anchor()

    def action_follow(self) -> None:
        self.anchor()

    # --- rest ---------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Wake the answers in or near the view, put the far ones to rest; the view stays put."""
        if not self.is_mounted or not self.size.height:
            return
        seen = (self.scroll_offset.y, self.size, self.virtual_size, len(self._blocks))
        if seen == self._settled_for:
            return
        self._settled_for = seen
        near_top = self.scroll_offset.y - self.size.height
        near_bottom = self.scroll_offset.y + 2 * self.size.height
        blocks = list(self._blocks.values())
        grown_above = False
        for place, block in enumerate(blocks):
            region = block.virtual_region
            near = region.bottom >= near_top and region.y <= near_bottom
            if near and block.asleep:
                grown_above |= region.y < self.scroll_offset.y
                await block.wake()
            elif not near and block.can_rest and place < len(blocks) - KEPT_AWAKE:
                await block.rest()
        if grown_above and not self.following:
            self._hold_the_view(blocks)

    def _hold_the_view(self, blocks: Sequence[TurnBlock]) -> None:
        """Heights above the view were guesses: after layout, put the first block seen back."""
        top = self.scroll_offset.y
        first = next((block for block in blocks if block.virtual_region.bottom > top), None)
        if first is None:
            return
        stood_y = first.virtual_region.y

        def put_back() -> None:
            moved = first.virtual_region.y - stood_y
            if moved and self.is_mounted:
                self.scroll_to(y=self.scroll_y + moved, animate=False, immediate=True)

        self.call_after_refresh(put_back)
