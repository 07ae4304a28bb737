"""Numbers for the calls in a stream of Chat Completions, whatever a server sends for an index."""

# By the standard, pieces of a call are joined by `index`, and the first of them has id and name.
# Servers were seen to leave the index out (Gemini, older Ollama), to send 0 for every call
# (Ollama), to leave out the id of the second call as well, and to repeat id or name in every piece.
# So a piece belongs to a call by these rules, the first that fits:
#
#   1. An id that was seen before, under the same index: that call.
#   2. Another id than the call of this index has: a new call.
#   3. A new index, or none together with a name: a new call.
#   4. The call of this index, or the last one where there is no index. But if its arguments are a
#      whole JSON value, and the piece has a name or begins another value: a new call.
#
# Whether arguments are whole is counted only where rule 4 needs it, over what has come since the
# last time, so that the time stays linear.

from __future__ import annotations

import re

_MARK = re.compile(r'[\[\]{}"\\]')


class CallNumbers:
    """The calls of one answer, counted from 0 as they come."""

    def __init__(self) -> None:
        self._calls: list[_OpenCall] = []
        self._by_index: dict[int, _OpenCall] = {}
        self._by_id: dict[tuple[int | None, str], _OpenCall] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def piece(self, index: int | None, id_: str, name: str, arguments: str) -> tuple[int, str, str]:
        """The number of the call that a piece belongs to, and its id and name where they are new.

        Args:
            index: as the server has it; None where it has none.
            id_: the id in the piece, or nothing.
            name: the name in the piece, or nothing.
            arguments: the arguments in the piece.
        """
        call = self._known(index, id_, name, arguments)
        if call is None:
            call = _OpenCall(len(self._calls))
            self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        new_id = "" if call.id else id_
        new_name = "" if call.name else name
        if new_id:
            call.id = new_id
            self._by_id[index, new_id] = call
        call.name = call.name or name
        call.add(arguments)
        return call.number, new_id, new_name

    def _known(self, index: int | None, id_: str, name: str, arguments: str) -> _OpenCall | None:
        if id_ and (call := self._by_id.get((index, id_))) is not None:
            return call
        if index is None:
            call = self._calls[-1] if self._calls and not (name and self._calls[-1].name) else None
        else:
            call = self._by_index.get(index)
        if call is None or (id_ and call.id):
            return None
        begins_another = name not in ("", call.name) if call.name else False
        if begins_another or ((name or _begins_value(arguments)) and call.is_whole()):
            return None
        return call


class _OpenCall:
    """A call that pieces are added to."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = ""
        self.name = ""
        self._unread: list[str] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._whole = False

    def add(self, arguments: str) -> None:
        if arguments:
            self._unread.append(arguments)

    def is_whole(self) -> bool:
        """Whether the arguments so far are a whole object or list."""
        for arguments in self._unread:
            self._read(arguments)
        self._unread.clear()
        return self._whole

    def _read(self, arguments: str) -> None:
        start = 1 if self._escaped else 0
        self._escaped = False
        for match in _MARK.finditer(arguments, start):
            mark = match[0]
            if match.start() < start:
                continue
            if mark == "\\":
                start = match.start() + 2
                self._escaped = start > len(arguments)
            elif mark == '"':
                self._in_string = not self._in_string
            elif not self._in_string:
                self._depth += 1 if mark in "[{" else -1
                self._whole = self._depth <= 0


def _begins_value(arguments: str) -> bool:
    return arguments.lstrip()[:1] in ("{", "[")
