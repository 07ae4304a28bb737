"""Bounds how long the garbage collector holds up keys while a very long text is on the screen.

A full collection looks at every object that may be part of a cycle, and the rows of a text of
8 MB are more than a million of them: seconds, again and again while the text grows. Rows are in
no cycle and end with their last reference, so what survived is set aside (`gc.freeze`) once it
is much. It is taken back when most of it has ended: then cycles within it are found, too.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any, Final

LARGEST_COLLECTION: Final = 40_000
"""So many objects may survive in the collector's view, 20 ms of its time on an ordinary machine."""
LARGEST_RETURN: Final = 200_000
"""Of so many objects that were set aside all are looked at once more."""
_OLDEST = 2


class SettingAside:
    """A callback of the collector; `begin` and `end` put it there and take it away."""

    def __init__(
        self, largest: int = LARGEST_COLLECTION, largest_return: int = LARGEST_RETURN
    ) -> None:
        self._largest = largest
        self._largest_return = largest_return
        self._before = 0
        self._set_aside = 0
        self._text_has_ended = False

    def begin(self) -> None:
        if self._collecting in gc.callbacks:
            return
        self._before = gc.get_freeze_count()
        gc.callbacks.append(self._collecting)

    def end(self) -> None:
        gc.callbacks.remove(self._collecting)

    def text_has_ended(self) -> None:
        """Much of what was set aside may have ended: the next full collection looks."""
        self._text_has_ended = self._set_aside > 0

    def _collecting(self, phase: str, info: Mapping[str, Any]) -> None:
        if info["generation"] != _OLDEST:
            return
        if phase == "stop":
            survivors = len(gc.get_objects(_OLDEST))
            if survivors > self._largest:
                self._set_aside += survivors
                gc.freeze()
        elif self._text_has_ended:
            # Counting goes through all of them, so it is not done at every collection.
            self._text_has_ended = False
            count = gc.get_freeze_count()
            if count < min(self._before + self._set_aside // 2, self._largest_return):
                self._set_aside = 0
                gc.unfreeze()


collector: Final = SettingAside()
"""Callback of the app; a process has one collector."""
