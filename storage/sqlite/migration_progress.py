"""A context variable for the progress display of migrations.

A library is opened in many places, and only the front end knows whether there is somebody to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Takes how many steps are done, and of how many; called in the thread that migrates."""

_indicator: ContextVar[Callable[[], AbstractContextManager[Progress]] | None] = ContextVar(
    "migration progress", default=None
)


@contextmanager
def showing(make: Callable[[], AbstractContextManager[Progress]]) -> Generator[None]:
    """Within it, each library that is opened shows its migration by what `make` makes."""
    token = _indicator.set(make)
    try:
        yield
    finally:
        _indicator.reset(token)


@contextmanager
def shown() -> Generator[Progress | None]:
    """The progress callback for a library that is opened within the block; None where nothing shows
    progress."""
    make = _indicator.get()
    if make is None:
        yield None
        return
    with make() as progress:
        yield progress
