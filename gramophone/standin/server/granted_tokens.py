"""Tokens of short life that a stand-in has granted, and whether their time is over."""

from __future__ import annotations

from gramophone.core.clock import Clock, wall_clock
from gramophone.wire.deepgram.management import access_token

_MOST_TOKENS = 10_000


class GrantedTokens:
    """The latest tokens, with the instants of their end in the stand-in's own time.

    A token of anybody else is not known here; a stand-in accepts it, since it cannot be checked.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_us: dict[str, int] = {}
        self._count = 0

    def grant(self, ttl_s: float) -> str:
        """Make a token that lives for so many seconds."""
        # Programs read the end from the token, and compare it with the time of day.
        token = access_token(self._count, int(wall_clock().timestamp() + ttl_s))
        self._count += 1
        if len(self._ends_us) >= _MOST_TOKENS:
            self._ends_us.pop(next(iter(self._ends_us)))
        self._ends_us[token] = self._clock.now_us() + round(1_000_000 * ttl_s)
        return token

    def has_granted(self, token: str) -> bool:
        """Whether this is one of these tokens."""
        return token in self._ends_us

    def is_over(self, token: str) -> bool:
        """Whether this is one of these tokens, and its time is over."""
        end_us = self._ends_us.get(token)
        return end_us is not None and self._clock.now_us() >= end_us
