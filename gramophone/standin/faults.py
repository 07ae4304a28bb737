"""Faults by name, injected on purpose for the tests of clients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from gramophone.core.frozen import frozen
from gramophone.wire.refusal_details import USUAL, RefusalDetails


class FaultName(StrEnum):
    """Names of faults, and the effect of each.

    A PLACE is `N` bytes of sound, `#N` the message of this number, or `Nms` after the opening.
    """

    REFUSE = "refuse"
    """Refuse the handshake with this status: 400, 401, 402, 403, 429 or 5xx."""
    SILENT = "silent"
    """Send nothing more after the first message, or from a PLACE on; stay connected."""
    HANG_UP = "hang-up"
    """Close with 1011 NET-0000 at this PLACE, the frame cut there."""
    RESET = "reset"
    """Reset the TCP connection at this PLACE, without a close frame."""
    ODD_FRAMES = "odd-frames"
    """Make every full frame one byte longer, so that frames end within a sample."""
    ONE_BYTE_FRAMES = "one-byte-frames"
    """Send every byte in a frame of its own."""
    LATE_FLUSHED = "late-flushed"
    """Answer the flushes that a Clear took away, after the Cleared; on v2 after the metadata."""
    EXCESSIVE_FLUSH = "excessive-flush"
    """Refuse this Flush, counted from 1."""
    RUBBISH = "rubbish"
    """Send a text frame that is not JSON at a PLACE, or before the first sound."""
    UNKNOWN_TYPE = "unknown-type"
    """Send a message of an unknown type at a PLACE, or before the first sound."""
    SLOW_FIRST_BYTE = "slow-first-byte"
    """Send the first sound of each Flush this many milliseconds after it."""
    CLOSE = "close"
    """Close with `CODE`, `CODE:REASON` or the code of `REASON`, before the first sound or at a
    PLACE after a comma."""
    DROP = "drop"
    """End the TCP connection at this PLACE in good order, but without a close frame."""
    STALL = "stall"
    """Stop at this PLACE for ever, or for the milliseconds after a comma."""
    JITTER = "jitter"
    """Send each frame late by up to this many milliseconds; the order is kept."""
    BIG_FRAMES = "big-frames"
    """Send as much sound in one frame as there is, up to 1 MiB or this many bytes."""
    DUPLICATE = "duplicate"
    """Send every frame of sound twice, or the one message at a PLACE."""
    REORDER = "reorder"
    """Mix up the order of frames, two by two or as many at a time as this."""
    # --- Speak v2 alone -----------------------------------------------------------------------
    SLOW_INTERRUPT = "slow-interrupt"
    """Take this many milliseconds for an Interrupt, and send sound until then."""
    RETRY = "retry"
    """Fail to synthesise this segment, counted from 1, and succeed at the second try."""
    CONFIGURE_FAILURE = "configure-failure"
    """Answer this Configure, counted from 1, that it could not be applied."""

    # --- Listen v2 alone: in every turn, or in the one of this number, counted from 1 -----------
    NEVER_ENDS = "never-ends"
    """Never end the turn, unless a ForceEndTurn comes."""
    RESUMES = "resumes"
    """Follow the EagerEndOfTurn by a TurnResumed with more words."""
    LATE_WORDS = "late-words"
    """Hear the last word of the turn only behind its end, as a turn of its own."""
    GOES_SILENT = "goes-silent"
    """Say nothing more behind the StartOfTurn; stay connected."""

    # Answers of a language model, over HTTP. There a message is an event of the stream, and
    # bytes are those of the body.
    SSE_CUT = "sse-cut"
    """End the connection within the event at a PLACE, or within the one in the middle."""
    OVERLOADED = "overloaded"
    """End the stream with the error of an overloaded provider at a PLACE, or in the middle."""
    MALFORMED_CHUNK = "malformed-chunk"
    """Send a chunk without a size, at a PLACE or in the middle, and end the connection."""


REASONS = {
    "MESSAGE-0000": 1003,
    "DATA-0000": 1008,
    "DATA-0001": 1008,
    "DATA-0002": 1008,
    "BIG-0000": 1009,
    "BIG-0001": 1009,
    "NET-0000": 1011,
    "NET-0001": 1011,
    "NET-0002": 1011,
    "NET-0003": 1011,
    "NET-0004": 1011,
}
"""The reasons that Speak gives when it closes, and the code that goes with each."""

_BAD_CLOSE_CODES = frozenset({1004, 1005, 1006, 1015})


@frozen
class AtBytes:
    """A place after so many bytes of sound, or of a body."""

    count: int


@frozen
class AtMessage:
    """A place at the message of this number, counted from 1 over everything that is sent."""

    number: int


@frozen
class AtTime:
    """A place in time: milliseconds after the opening, or the request."""

    ms: int


Place = AtBytes | AtMessage | AtTime
"""The place of a fault in what is sent."""


@frozen
class Fault:
    """A fault on every connection, or on the one of this ordinal, from 0.

    A refused handshake counts as a connection, too. The meaning of `value` and `text` depends on
    the name; a fault without a place happens where its name says. A refusal may be for one `path`
    alone, and may have `details` of its own; `text` is its message.
    """

    name: FaultName
    value: int = 0
    connection: int | None = None
    at: Place | None = None
    text: str = ""
    path: str = ""
    details: RefusalDetails = USUAL

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `NAME[=ARGUMENT[,ARGUMENT]][@CONNECTION]`, as on the command line.

        Raises:
            ValueError: with a sentence that says what is wrong.
        """
        named, at, ordinal = text.partition("@")
        name, equals, argument = named.partition("=")
        if name not in list(FaultName):
            names = ", ".join(FaultName)
            raise ValueError(f"There is no fault {name!r}; choose one of {names}.")
        form = _FORMS.get(FaultName(name), ())
        arguments = argument.split(",") if equals else []
        needed = [kind for kind in form if not kind.endswith(_OPTIONAL)]
        if len(arguments) > len(form):
            most = ("no argument", "one argument", "two arguments")[len(form)]
            raise ValueError(f"The fault {name} takes {most}: {text!r}.")
        if len(arguments) < len(needed):
            raise ValueError(f"The fault {name} needs {_NEEDS[needed[0]]}: {text!r}.")
        try:
            value, reason, position = _read(form, arguments)
            connection = _whole(ordinal) if at else None
        except ValueError as error:
            raise ValueError(f"{error} in the fault {text!r}.") from None
        return cls(FaultName(name), value, connection, position, reason)


def on_connection(faults: Sequence[Fault], connection: int) -> tuple[Fault, ...]:
    """The faults of this connection."""
    return tuple(fault for fault in faults if fault.connection in (None, connection))


def refusal_at(faults: Sequence[Fault], connection: int, path: str) -> Fault | None:
    """The first refusal of this connection at this path."""
    for fault in on_connection(faults, connection):
        if fault.name is FaultName.REFUSE and fault.path in ("", path):
            return fault
    return None


def value_of(
    faults: Sequence[Fault], name: FaultName, connection: int, default: int | None = None
) -> int | None:
    """The number of the first fault of this name on this connection, or `default`."""
    for fault in on_connection(faults, connection):
        if fault.name == name:
            return fault.value
    return default


# --- the grammar ------------------------------------------------------------------------------

_NUMBER, _PLACE, _ENDING = "number", "place", "ending"
_NEEDS = {_NUMBER: "a number", _PLACE: "a place", _ENDING: "a close code or a reason"}
_OPTIONAL = "?"

_FORMS: dict[FaultName, tuple[str, ...]] = {
    FaultName.REFUSE: (_NUMBER,),
    FaultName.SILENT: (_PLACE + _OPTIONAL,),
    FaultName.HANG_UP: (_PLACE,),
    FaultName.RESET: (_PLACE,),
    FaultName.DROP: (_PLACE,),
    FaultName.EXCESSIVE_FLUSH: (_NUMBER,),
    FaultName.RUBBISH: (_PLACE + _OPTIONAL,),
    FaultName.UNKNOWN_TYPE: (_PLACE + _OPTIONAL,),
    FaultName.SLOW_FIRST_BYTE: (_NUMBER,),
    FaultName.CLOSE: (_ENDING, _PLACE + _OPTIONAL),
    FaultName.STALL: (_PLACE, _NUMBER + _OPTIONAL),
    FaultName.JITTER: (_NUMBER,),
    FaultName.BIG_FRAMES: (_NUMBER + _OPTIONAL,),
    FaultName.DUPLICATE: (_PLACE + _OPTIONAL,),
    FaultName.REORDER: (_NUMBER + _OPTIONAL,),
    FaultName.SSE_CUT: (_PLACE + _OPTIONAL,),
    FaultName.OVERLOADED: (_PLACE + _OPTIONAL,),
    FaultName.MALFORMED_CHUNK: (_PLACE + _OPTIONAL,),
    FaultName.SLOW_INTERRUPT: (_NUMBER,),
    FaultName.RETRY: (_NUMBER,),
    FaultName.CONFIGURE_FAILURE: (_NUMBER,),
    FaultName.NEVER_ENDS: (_NUMBER + _OPTIONAL,),
    FaultName.RESUMES: (_NUMBER + _OPTIONAL,),
    FaultName.LATE_WORDS: (_NUMBER + _OPTIONAL,),
    FaultName.GOES_SILENT: (_NUMBER + _OPTIONAL,),
}
"""Kinds of the arguments after `=`, in order; names that are not here take none."""


def _read(form: Sequence[str], arguments: Sequence[str]) -> tuple[int, str, Place | None]:
    value, text, position = 0, "", None
    for kind, argument in zip(form, arguments, strict=False):
        match kind.removesuffix(_OPTIONAL):
            case "place":
                position = _place(argument)
            case "ending":
                value, text = _ending(argument)
            case _:
                value = _whole(argument.removesuffix("ms"))
    return value, text, position


def _place(argument: str) -> Place:
    if argument.startswith("#"):
        return AtMessage(_whole(argument[1:]))
    if argument.endswith("ms"):
        return AtTime(_whole(argument[:-2]))
    return AtBytes(_whole(argument))


def _ending(argument: str) -> tuple[int, str]:
    if argument in REASONS:
        return REASONS[argument], argument
    code, _, reason = argument.partition(":")
    number = _whole(code)
    if not 1000 <= number < 5000 or number in _BAD_CLOSE_CODES:
        raise ValueError(f"{number} is not a code that a close frame may carry")
    if len(reason.encode()) > 123:
        raise ValueError("A reason may have 123 bytes")
    return number, reason


def _whole(digits: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", digits):
        raise ValueError("Not a whole number")
    return int(digits)
