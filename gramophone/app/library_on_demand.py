"""The library for the screen, opened and imported when it is first needed."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from gramophone.core.errors import GramophoneError

if TYPE_CHECKING:
    from storage.library import StoredLibrary

_log = logging.getLogger(__name__)


class LibraryOnDemand:
    """One opened library for all who ask. Belongs to the loop it is first opened on."""

    # Users await the library and then call it, so that nothing here repeats its methods. An object
    # with `__getattr__` would be as short, but the type checker would see none of its calls.

    def __init__(self, home: Path) -> None:
        self._home = home
        self._opening = asyncio.Lock()
        self._library: StoredLibrary | None = None

    async def open(self) -> StoredLibrary:
        """The library; the first call opens it, and one that failed is tried again.

        Raises:
            StorageError: it cannot be read.
        """
        # Several screens ask at once while a migration runs: one opens, the others wait for it.
        async with self._opening:
            if self._library is None:
                from storage.library import StoredLibrary

                self._library = await StoredLibrary.open(self._home)
            return self._library

    async def aclose(self) -> None:
        """Remove what was discarded and close; does nothing if the library was never opened."""
        library, self._library = self._library, None
        if library is None:
            return
        try:
            await library.purge()
        except GramophoneError as error:
            # What is hidden stays hidden, and is removed when the library is opened another day.
            _log.warning("discarded sessions are not removed yet: %s", error)
        finally:
            await library.aclose()
