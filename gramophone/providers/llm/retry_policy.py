"""Decides whether a request that failed before the first piece of its answer is made again.

A state machine without a clock: failures and times in, waiting times out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from gramophone.wire.llm.refusal_reader import ServerRefusal

MOST_TRIES: Final = 3
MOST_CHANGES: Final = 8
"""Tries with another request: each leaves out something that the server does not take."""
LONGEST_WAIT_S: Final = 60.0
"""The longest time that a server may ask to wait; after a longer one the user decides."""
LOADING_S: Final = 120.0
LOADING_POLL_S: Final = 2.0
_WAITS_S: Final = (0.5, 2.0)
_TRANSIENT: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

Trouble: TypeAlias = Literal["connection", "other"]
"""A failure that is not a refusal: the connection was not made or lost, or anything else."""


@dataclass(slots=True)
class RetryPolicy:
    """Counts the tries of one request. `began_us` is the time of the first one."""

    began_us: int
    _tries: int = 1
    _changes: int = 0

    def may_change(self) -> bool:
        """Count a try with another request, which needs no wait; False if there were enough."""
        self._changes += 1
        return self._changes <= MOST_CHANGES

    def wait_s(self, failure: ServerRefusal | Trouble, now_us: int) -> float | None:
        """Seconds to wait before the next try; None if there is to be none."""
        if isinstance(failure, ServerRefusal) and failure.kind == "loading":
            # Loading takes minutes and ends by itself; it does not count as a try.
            return LOADING_POLL_S if now_us - self.began_us < LOADING_S * 1e6 else None
        if not _is_transient(failure) or self._tries >= MOST_TRIES:
            return None
        wait_s = _WAITS_S[self._tries - 1]
        if isinstance(failure, ServerRefusal) and failure.retry_after_s is not None:
            wait_s = failure.retry_after_s
        if wait_s > LONGEST_WAIT_S:
            return None
        self._tries += 1
        return wait_s


def waiting_for(provider: str, trouble: ServerRefusal | Trouble, wait_s: float) -> str:
    """Words for a wait of so many seconds."""
    if not isinstance(trouble, ServerRefusal):
        return f"{provider} cannot be reached; trying again"
    if trouble.kind == "loading":
        return f"{provider} is loading its model"
    reason = "is busy" if trouble.kind == "overloaded" else "has trouble"
    return f"{provider} {reason} ({trouble.status}); trying again in {max(1, round(wait_s))} s"


def _is_transient(failure: ServerRefusal | Trouble) -> bool:
    if not isinstance(failure, ServerRefusal):
        return failure == "connection"
    return failure.status in _TRANSIENT and failure.kind not in ("credit", "context", "model")
