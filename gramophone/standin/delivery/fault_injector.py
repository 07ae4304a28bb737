"""Faults of one connection applied to the frames it is sent, without a socket or a clock."""

# Faults are divided by what they need to know. Those of sizes and instants (odd frames, jitter) are
# in `pacing`; those of answers (a refused Flush, a slow Interrupt) are quirks of the protocol
# machines; those with a place in the outgoing stream are here.
#
# A frame passes three stages, in this order:
#
#   1. reorder     frames of sound are held until the window is full, then shuffled; a text frame
#                  flushes the window first, so that a Flushed never overtakes its sound
#   2. place       for each fault whose place lies within this frame, by rising position: the bytes
#                  before it are sent, then the fault fires. One that ends the connection or makes
#                  it mute drops the rest of the frame and everything after it
#   3. duplicate   the rest of the frame is sent once, or twice
#
# Places are counted after stage 1, on what is really sent: `#N` counts frames, text and sound; a
# number of bytes counts sound alone, so that messages between do not move it. Both count the frame
# as it was given, not its copies. A fault at N bytes fires as soon as N bytes are out, at the end
# of a frame if N is just there. Faults by time are fired by the sender, which has the clock.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.standin.faults import AtBytes, AtMessage, AtTime, Fault, FaultName, on_connection

RUBBISH = '{"type": "Flushed", "sequence_id": '
UNKNOWN_TYPE = '{"type": "Applause", "volume": 11}'


@frozen(kw_only=True)
class InjectedFrames:
    """Frames that faults put into a stream: one that is not JSON, and one of an unknown type."""

    rubbish: str = RUBBISH
    unknown_type: str = UNKNOWN_TYPE


_DEEPGRAMS = InjectedFrames()

# --- actions ----------------------------------------------------------------------------------


@frozen
class SendFrame:
    """Send a frame: text or sound."""

    frame: str | bytes


@frozen
class StallFor:
    """Send nothing for so long, from any task."""

    ms: int


@frozen
class CloseSocket:
    """Close with this code and reason."""

    code: int
    reason: str


@frozen
class DropConnection:
    """End the connection without a close frame, with a TCP reset if `reset`."""

    reset: bool


Action: TypeAlias = SendFrame | StallFor | CloseSocket | DropConnection

# --- the machine ------------------------------------------------------------------------------

_PLACED = frozenset(
    {
        FaultName.HANG_UP,
        FaultName.RESET,
        FaultName.DROP,
        FaultName.CLOSE,
        FaultName.STALL,
        FaultName.RUBBISH,
        FaultName.UNKNOWN_TYPE,
    }
)
_FIRST_SOUND = AtBytes(0)


class FaultInjector:
    """The faults of one connection; `idle` if it has none."""

    def __init__(
        self, faults: Sequence[Fault], connection: int, injected: InjectedFrames = _DEEPGRAMS
    ) -> None:
        self._injected = injected
        mine = on_connection(faults, connection)
        self.idle = not mine
        self._waiting = [fault for fault in mine if _strikes_once(fault)]
        self._silent_when_spoken_to = any(
            fault.name is FaultName.SILENT and fault.at is None for fault in mine
        )
        self._twice = any(fault.name is FaultName.DUPLICATE and fault.at is None for fault in mine)
        self._window = max(
            (fault.value or 2 for fault in mine if fault.name is FaultName.REORDER), default=0
        )
        self._random = Random(connection)
        self._held: list[bytes] = []
        self._messages = 0
        self._sent_bytes = 0
        self._ended = False
        self._mute = False

    @property
    def silent(self) -> bool:
        """Whether nothing is sent any more, for whatever reason."""
        return self._ended

    @property
    def mute(self) -> bool:
        """Whether nothing is sent any more, but the connection stays."""
        return self._mute

    def client_spoke(self) -> None:
        """Take note of a message of the client, after which a `silent` fault begins."""
        if self._silent_when_spoken_to:
            self._ended = self._mute = True

    def timed(self) -> list[tuple[int, Fault]]:
        """The faults by time, as (milliseconds after the opening, fault), in order."""
        timed = [(fault.at.ms, fault) for fault in self._waiting if isinstance(fault.at, AtTime)]
        return sorted(timed, key=lambda entry: entry[0])

    def fire(self, fault: Fault) -> list[Action]:
        """Let a fault happen whose time has come."""
        if self._ended or fault not in self._waiting:
            return []
        self._waiting.remove(fault)
        if fault.name is FaultName.DUPLICATE:
            self._waiting.append(Fault(FaultName.DUPLICATE, at=AtMessage(0)))
        return list(self._actions_of(fault))

    def on_frame(self, frame: str | bytes) -> list[Action]:
        """Give what is to be done instead of sending this frame."""
        if isinstance(frame, bytes) and self._window:
            self._held.append(frame)
            return self.flush_held() if len(self._held) >= self._window else []
        return [*self.flush_held(), *self._pass(frame)]

    def flush_held(self) -> list[Action]:
        """Give what is to be done with the frames held back for reordering."""
        in_order, self._held = self._held, []
        mixed = list(in_order)
        while len(set(in_order)) > 1 and mixed == in_order:
            self._random.shuffle(mixed)
        return [action for frame in mixed for action in self._pass(frame)]

    def _pass(self, frame: str | bytes) -> Iterator[Action]:
        if self._ended:
            return
        self._messages += 1
        copies = 2 if self._twice and isinstance(frame, bytes) else 1
        begin = 0
        for at, fault in self._reached(frame):
            self._waiting.remove(fault)
            if fault.name is FaultName.DUPLICATE:
                copies = 2
                continue
            if at > begin:
                yield SendFrame(frame[begin:at])
                begin = at
            yield from self._actions_of(fault)
            if self._ended:
                return
        if begin < len(frame) or not frame:
            for _ in range(copies):
                yield SendFrame(frame[begin:])
        if isinstance(frame, bytes):
            self._sent_bytes += len(frame)

    def _reached(self, frame: str | bytes) -> list[tuple[int, Fault]]:
        """The faults with a place in this frame, each with the byte before which it happens."""
        reached: list[tuple[int, Fault]] = []
        for fault in self._waiting:
            match fault.at or _FIRST_SOUND:
                case AtMessage(number) if self._messages >= number:
                    reached.append((0, fault))
                case AtBytes(count) if isinstance(frame, bytes):
                    at = max(0, count - self._sent_bytes)
                    if at <= len(frame):
                        reached.append((at, fault))
                case _:
                    pass
        return sorted(reached, key=lambda entry: entry[0])

    def _actions_of(self, fault: Fault) -> Iterator[Action]:
        match fault.name:
            case FaultName.RUBBISH:
                yield SendFrame(self._injected.rubbish)
            case FaultName.UNKNOWN_TYPE:
                yield SendFrame(self._injected.unknown_type)
            case FaultName.STALL if fault.value:
                yield StallFor(fault.value)
            case FaultName.STALL | FaultName.SILENT:
                self._ended = self._mute = True
            case FaultName.HANG_UP:
                self._ended = True
                yield CloseSocket(1011, "NET-0000")
            case FaultName.CLOSE:
                self._ended = True
                yield CloseSocket(fault.value, fault.text)
            case FaultName.DROP | FaultName.RESET:
                self._ended = True
                yield DropConnection(fault.name is FaultName.RESET)
            case _:
                pass


def _strikes_once(fault: Fault) -> bool:
    placed = fault.name in (FaultName.SILENT, FaultName.DUPLICATE) and fault.at is not None
    return fault.name in _PLACED or placed
