"""Details of a refusal over HTTP that take the place of the service's usual ones."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.core.frozen import frozen


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

    def body_over(self, usual: bytes) -> bytes:
        """This body; the usual one if there is none."""
        return usual if self.body is None else self.body.encode(errors="replace")

    def headers_over(self, usual: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """These headers together with the usual ones that they do not replace."""
        own = list(self.headers)
        if self.retry_after_s is not None:
            own.insert(0, ("retry-after", str(self.retry_after_s)))
        names = {name.lower() for name, _ in own}
        return [*(field for field in usual if field[0].lower() not in names), *own]


USUAL = RefusalDetails()
"""Nothing but what the service sends."""
