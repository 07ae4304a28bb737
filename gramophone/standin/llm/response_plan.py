"""The bytes of an answer with their instants and its ending, after faults were applied.

Instants count from the request, in microseconds of the stand-in's clock.
"""

# An answer is known before its first byte goes out (a speech session is not), so its faults are
# applied at once, in this order:
#
#   1. `silent` without a place: not even a status line is sent, and nothing below matters.
#   2. Delays: slow first byte and jitter move instants; none may come before the one ahead of it.
#   3. Reordering of the pieces within windows, then `duplicate` of all of them. Instants stay where
#      they are and the contents change places.
#   4. Faults with a place, from the first piece to the last and within a piece by byte. They count
#      the pieces as 3 left them. A fault that ends the answer drops what is behind it.
#
# Where a fault has no place it happens in the middle of the answer, so that a client has begun to
# believe in it; a piece of rubbish comes first.

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from random import Random
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.standin.faults import AtBytes, AtMessage, AtTime, Fault, FaultName


class Ending(Enum):
    """Endings of an answer."""

    WHOLE = auto()
    CUT = auto()
    RESET = auto()
    SPOILT = auto()
    SILENCE = auto()


TimedBytes: TypeAlias = tuple[int, bytes]
"""An instant, and the bytes that go out then."""


@frozen
class ResponsePlan:
    """The plan for one request; `begins` is False where not even the status line is sent."""

    pieces: tuple[TimedBytes, ...]
    ending: Ending
    ends_us: int
    begins: bool = True


@frozen
class InjectedEvents:
    """Events that faults put into an answer, in the protocol of the request.

    `error` is written behind what has been sent: in some protocols events are numbered.
    """

    error: Callable[[bytes], bytes]
    rubbish: bytes
    unknown: bytes = b""


_ENDINGS = {
    FaultName.SSE_CUT: Ending.CUT,
    FaultName.DROP: Ending.CUT,
    FaultName.RESET: Ending.RESET,
    FaultName.MALFORMED_CHUNK: Ending.SPOILT,
    FaultName.OVERLOADED: Ending.WHOLE,
    FaultName.SILENT: Ending.SILENCE,
    FaultName.STALL: Ending.SILENCE,
}
_PLACED = frozenset({*_ENDINGS, FaultName.RUBBISH, FaultName.UNKNOWN_TYPE, FaultName.DUPLICATE})
_FROM_THE_FIRST = frozenset({FaultName.RUBBISH, FaultName.UNKNOWN_TYPE})


def plan_of(
    pieces: Sequence[TimedBytes],
    ending: Ending,
    faults: Sequence[Fault],
    injected: InjectedEvents,
    seed: int = 0,
) -> ResponsePlan:
    """Apply faults to an answer of these pieces and this ending."""
    last_us = pieces[-1][0] if pieces else 0
    if not faults:
        return ResponsePlan(tuple(pieces), ending, last_us)
    if any(fault.name is FaultName.SILENT and fault.at is None for fault in faults):
        return ResponsePlan((), Ending.SILENCE, last_us, begins=False)
    changed = _late(pieces, faults, Random(seed))
    changed = _mixed(changed, faults, Random(seed))
    planner = _Planner(changed, ending, injected)
    for fault in faults:
        twice = fault.name is FaultName.DUPLICATE and fault.at is None
        if fault.name in _PLACED and not twice:
            planner.await_(fault)
    return planner.plan()


def _late(
    pieces: Sequence[TimedBytes], faults: Sequence[Fault], random: Random
) -> list[TimedBytes]:
    slow_us = 1000 * _value(faults, FaultName.SLOW_FIRST_BYTE)
    jitter_us = 1000 * _value(faults, FaultName.JITTER)
    late: list[TimedBytes] = []
    passed_us = 0
    for instant_us, data in pieces:
        passed_us = max(passed_us, instant_us + slow_us + random.randint(0, jitter_us))
        late.append((passed_us, data))
    return late


def _mixed(
    pieces: Sequence[TimedBytes], faults: Sequence[Fault], random: Random
) -> list[TimedBytes]:
    mixed = list(pieces)
    window = next((f.value or 2 for f in faults if f.name is FaultName.REORDER), 0)
    for begin in range(0, len(mixed), window) if window > 1 else ():
        group = [data for _, data in mixed[begin : begin + window]]
        shuffled = list(group)
        while len(set(group)) > 1 and shuffled == group:
            random.shuffle(shuffled)
        for number, data in enumerate(shuffled, begin):
            mixed[number] = (mixed[number][0], data)
    twice = any(f.name is FaultName.DUPLICATE and f.at is None for f in faults)
    return [piece for piece in mixed for _ in range(2 if twice else 1)]


def _value(faults: Sequence[Fault], name: FaultName) -> int:
    return next((fault.value for fault in faults if fault.name is name), 0)


class _Planner:
    """Applies faults with a place, in the order of their places."""

    def __init__(
        self, pieces: Sequence[TimedBytes], ending: Ending, injected: InjectedEvents
    ) -> None:
        self._pieces = pieces
        self._ending = ending
        self._injected = injected
        self._waiting: list[tuple[int, int, Fault]] = []

    def await_(self, fault: Fault) -> None:
        """Add a fault, if the answer gets to its place."""
        if (position := self._place(fault)) is not None:
            self._waiting.append((*position, fault))

    def _place(self, fault: Fault) -> tuple[int, int] | None:
        """The index of the piece, and the byte in it before which the fault happens."""
        pieces = self._pieces
        index = byte = 0
        match fault.at:
            case AtMessage(number):
                index = max(1, number) - 1
            case AtTime(ms):
                due = (n for n, (instant_us, _) in enumerate(pieces) if instant_us > 1000 * ms)
                index = next(due, len(pieces))
            case AtBytes(count):
                for data in (data for _, data in pieces):
                    if count < len(data):
                        break
                    index, count = index + 1, count - len(data)
                byte = count
            case None:
                index = 0 if fault.name in _FROM_THE_FIRST else len(pieces) // 2
        if index >= len(pieces):
            return None
        if fault.name is FaultName.SSE_CUT and byte == 0:
            byte = len(pieces[index][1]) // 2
        return index, byte

    def plan(self) -> ResponsePlan:
        """The plan, with all faults applied."""
        planned: list[TimedBytes] = []
        floor_us = 0
        for index, (instant_us, data) in enumerate(self._pieces):
            instant_us, begin, copies = max(instant_us, floor_us), 0, 1
            for byte, fault in self._strikes(index):
                if byte > begin:
                    planned.append((instant_us, data[begin:byte]))
                    begin = byte
                if fault.name is FaultName.DUPLICATE:
                    copies = 2
                elif fault.name is FaultName.STALL and fault.value:
                    instant_us = floor_us = instant_us + 1000 * fault.value
                else:
                    planned += self._injected_events(fault, instant_us, planned)
                    if fault.name in _ENDINGS:
                        return ResponsePlan(tuple(planned), _ENDINGS[fault.name], instant_us)
            planned += [(instant_us, data[begin:])] * copies
        last_us = planned[-1][0] if planned else floor_us
        return ResponsePlan(tuple(planned), self._ending, last_us)

    def _strikes(self, index: int) -> Iterator[tuple[int, Fault]]:
        here = [(byte, fault) for at, byte, fault in self._waiting if at == index]
        return iter(sorted(here, key=lambda strike: strike[0]))

    def _injected_events(
        self, fault: Fault, instant_us: int, planned: Sequence[TimedBytes]
    ) -> list[TimedBytes]:
        injected = self._injected
        match fault.name:
            case FaultName.OVERLOADED:
                stream = b"".join(data for _, data in planned)
                return [(instant_us, injected.error(stream))]
            case FaultName.RUBBISH:
                return [(instant_us, injected.rubbish)]
            case FaultName.UNKNOWN_TYPE if injected.unknown:
                return [(instant_us, injected.unknown)]
            case _:
                return []
