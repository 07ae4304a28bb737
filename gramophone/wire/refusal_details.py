"""Details of a refusal over HTTP that take the place of the service's usual ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gramophone.core.frozen import frozen

_RETRY_AFTER = "retry-after"


@frozen
class RefusalDetails:
    """Details of a refusal.

    Attributes:
        retry_after_s: seconds of the `retry-after` header; None for the service's own.
        headers: added to the service's; one of the same name takes its place.
        body: takes the place of the service's body; None for that.
    """

    retry_after_s: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None

    @property
    def wait_s(self) -> int | None:
        """Seconds until the client may try again, by the headers that will go out; None if these
        are the service's own, or a date."""
        named = (value.strip() for name, value in self.headers if name.lower() == _RETRY_AFTER)
        value = next(named, "") if self.retry_after_s is None else str(self.retry_after_s)
        return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None

    def body_over(self, usual: bytes) -> bytes:
        """This body; the usual one if there is none."""
        return usual if self.body is None else self.body.encode(errors="replace")

    def headers_over(self, usual: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """These headers together with the usual ones that they do not replace."""
        own = list(self.headers)
        if self.retry_after_s is not None:
            own.insert(0, (_RETRY_AFTER, str(self.retry_after_s)))
        names = {name.lower() for name, _ in own}
        return [*(field for field in usual if field[0].lower() not in names), *own]


USUAL = RefusalDetails()
"""Nothing but what the service sends."""
