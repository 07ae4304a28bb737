"""Calls of tools in one answer, joined from the parts in which a model streams them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.core.timeline import CallRequested
from gramophone.ports.language_model import CallPart


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class CallJoiner:
    """Parts of calls by their index. Parts of several calls may alternate, so a call is whole only
    when the stream has ended."""

    turn: int
    _calls: dict[int, _Call] = field(default_factory=dict[int, _Call])

    def add(self, part: CallPart) -> None:
        """Take in a part of a call."""
        call = self._calls.setdefault(part.index, _Call())
        call.id = call.id or part.id
        call.name = call.name or part.name
        call.arguments.append(part.arguments)

    @property
    def names(self) -> list[str]:
        """Names of the tools that were called, in order of the calls."""
        return [call.name for call in self._calls.values()]

    def finish(self, now_us: int) -> list[CallRequested]:
        """Give the calls, which are whole now."""
        return [
            CallRequested(
                at_us=now_us,
                turn=self.turn,
                call=number,
                id=call.id,
                name=call.name,
                arguments="".join(call.arguments),
            )
            for number, call in enumerate(self._calls.values())
        ]
