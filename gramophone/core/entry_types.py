"""Types of which every entry of a timeline is one: `Event` and `Transient`."""

from __future__ import annotations

from dataclasses import field
from typing import TypeVar, dataclass_transform

from gramophone.core.frozen import frozen

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def event(cls: type[T]) -> type[T]:
    """Make a class a frozen value whose fields are given by keyword."""
    return frozen(kw_only=True)(cls)


@event
class Event:
    """A fact that is stored."""

    at_us: int


@event
class Transient:
    """A fact of the moment: drawn, never recorded."""

    at_us: int
