"""Limits of Speak v2, and quirks of the service that a test may ask for."""

from __future__ import annotations

from gramophone.core.frozen import frozen

_MINUTE_US = 60_000_000


@frozen(kw_only=True)
class FluxLimits:
    """Limits of a connection; None means without a limit.

    The times are Deepgram's. The size of a message is not documented; this is far beyond a page.
    """

    message_characters: int | None = 250_000
    idle_us: int | None = _MINUTE_US
    session_us: int | None = 60 * _MINUTE_US

    @classmethod
    def none(cls) -> FluxLimits:
        """No limits, for a voice on this machine."""
        return cls(message_characters=None, idle_us=None, session_us=None)


@frozen(kw_only=True)
class FluxQuirks:
    """Behaviour that the service shows now and then, to be asked for in a test.

    Attributes:
        only_on_flush: no sound before the Flush.
        interrupt_us: time that an Interrupt takes; sound goes on until then.
        retried_segment: ordinal from 1 of the segment whose synthesis fails once.
        failed_configure: ordinal from 1 of the Configure that cannot be applied.
        late_flushed: Flushed comes after the SpeechMetadata, as livekit's client has seen it.
    """

    only_on_flush: bool = False
    interrupt_us: int = 0
    retried_segment: int | None = None
    failed_configure: int | None = None
    late_flushed: bool = False


class ConnectionTimers:
    """The two limits of time: the age of the session, and the silence of its client."""

    def __init__(self, limits: FluxLimits) -> None:
        self._limits = limits
        self._opened_us = 0
        self._last_message_us = 0

    def opened(self, now_us: int) -> None:
        """Start both."""
        self._opened_us = self._last_message_us = now_us

    def client_spoke(self, now_us: int) -> None:
        """Start the limit of silence again; a Ping or a Pong is enough."""
        self._last_message_us = now_us

    @property
    def deadline_us(self) -> int | None:
        """Instant of the next limit; None without limits."""
        return min((at_us for at_us, _ in self._ends()), default=None)

    def expired(self, now_us: int) -> str:
        """The code of the limit that is reached; empty when none is."""
        return next((code for at_us, code in self._ends() if now_us >= at_us), "")

    def _ends(self) -> list[tuple[int, str]]:
        ends: list[tuple[int, str]] = []
        if self._limits.session_us is not None:
            ends.append((self._opened_us + self._limits.session_us, "NET-0003"))
        if self._limits.idle_us is not None:
            ends.append((self._last_message_us + self._limits.idle_us, "NET-0004"))
        return ends
