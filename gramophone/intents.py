"""What a client may ask for, in the imperative. Events answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Submit:
    """Ask the model; its answer is spoken while it streams."""

    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this text; no model is asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop the sound and the stream; keep what was heard."""


Intent: TypeAlias = Submit | Say | Interrupt
