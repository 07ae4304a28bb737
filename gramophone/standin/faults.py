"""What can go wrong on purpose: faults by name, for the tests of clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FaultName(StrEnum):
    """The faults. What the number after `=` means stands beside each."""

    REFUSE = "refuse"
    """Refuse the handshake with this status: 400, 401, 402, 403, 429 or 5xx."""
    SILENT = "silent"
    """Say nothing more once the first Speak has come, and keep the connection open."""
    HANG_UP = "hang-up"
    """Close with 1011 NET-0000 after this many bytes of sound, the frame cut there."""
    RESET = "reset"
    """Reset the TCP connection after this many bytes of sound, without a close frame."""
    ODD_FRAMES = "odd-frames"
    """Make every full frame one byte longer, so that frames end within a sample."""
    ONE_BYTE_FRAMES = "one-byte-frames"
    """Send every byte in a frame of its own."""
    LATE_FLUSHED = "late-flushed"
    """Answer the flushes that a Clear took away, after the Cleared."""
    EXCESSIVE_FLUSH = "excessive-flush"
    """Refuse this Flush, counted from 1."""
    RUBBISH = "rubbish"
    """Send a text frame that is not JSON before the first sound."""
    UNKNOWN_TYPE = "unknown-type"
    """Send a message of a type that nobody knows before the first sound."""
    SLOW_FIRST_BYTE = "slow-first-byte"
    """Send the first sound of each Flush this many milliseconds after it."""


_NUMBER_NEEDED = frozenset(
    {
        FaultName.REFUSE,
        FaultName.HANG_UP,
        FaultName.RESET,
        FaultName.EXCESSIVE_FLUSH,
        FaultName.SLOW_FIRST_BYTE,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, on every connection or on the one of this ordinal, from 0.

    A refused handshake counts as a connection, too.
    """

    name: FaultName
    value: int = 0
    connection: int | None = None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `NAME[=NUMBER][@CONNECTION]`, as on the command line.

        Raises:
            ValueError: with a sentence that says what is wrong.
        """
        named, at, connection = text.partition("@")
        name, equals, value = named.partition("=")
        if name not in list(FaultName):
            known = ", ".join(FaultName)
            raise ValueError(f"There is no fault {name!r}; choose one of {known}.")
        if bool(equals) != (name in _NUMBER_NEEDED):
            needs = "takes no number" if equals else "needs a number"
            raise ValueError(f"The fault {name} {needs}: {text!r}.")
        try:
            return cls(FaultName(name), int(value or 0), int(connection) if at else None)
        except ValueError:
            raise ValueError(f"Not a whole number in the fault {text!r}.") from None


def value_of(
    faults: Sequence[Fault], name: FaultName, connection: int, default: int | None = None
) -> int | None:
    """The number of the first fault of this name on this connection, or `default`."""
    for fault in faults:
        if fault.name == name and fault.connection in (None, connection):
            return fault.value
    return default
