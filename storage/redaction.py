"""Secrets never reach a file: every string that goes to disk passes through here.

Two nets. The secrets that the configuration knows are replaced wherever they stand, also in
their JSON and URL spelling; and whatever has the shape of a credential (`Token …`, `Bearer …`,
`sk-…`, `api_key=…`) is replaced too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from urllib.parse import quote

Redact: TypeAlias = Callable[[str], str]

HIDDEN = "***"

# A key for a local server is often a plain word ("none", "ollama"); to replace those would eat
# holes into ordinary talk.
_SHORTEST_SECRET = 8

# A credential has a digit and no spaces; "Bearer of bad news" is not one.
_SHAPES = re.compile(
    r"""(?P<lead>
            \b(?:token|bearer)\s+(?=[^\s"'&]*\d)(?=[\w.~+/=-]{16})
          | \b(?:api|access|secret)[_-]?(?:key|token)\\?["']?\s*[=:]\s*\\?["']?(?=[\w.~+/=-]{8})
          | (?=\bsk-[\w-]{16})
        )[\w.~+/=-]+""",
    re.IGNORECASE | re.VERBOSE,
)
# Plain substring searches are some fifty times cheaper than the expression above; most batches
# hold none of these and are done after them.
_MARKS = ("token ", "token\t", "bearer", "sk-", "key", "access", "secret")


class Redactor:
    """Replaces secrets in strings. `redact` is the caller's own function, applied first."""

    def __init__(self, secrets: Iterable[str] = (), redact: Redact | None = None) -> None:
        spellings: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                spellings |= {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}
        # The longest first: a secret may be the beginning of another.
        self._secrets = sorted(spellings, key=len, reverse=True)
        self._redact = redact

    @classmethod
    def of(cls, redact: Redact | Sequence[str]) -> Redactor:
        """A redactor from a function or from the secrets themselves."""
        if isinstance(redact, Redactor):
            return redact
        return cls(redact=redact) if callable(redact) else cls(redact)

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        if self._redact is not None:
            text = self._redact(text)
        if not self._suspicious(text):
            return text
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(lambda found: found["lead"] + HIDDEN, text)

    def may_change(self, texts: Iterable[str]) -> bool:
        """Whether any of the texts may hold a secret; a cheap look at a whole batch."""
        return self._redact is not None or self._suspicious("\0".join(texts))

    def _suspicious(self, text: str) -> bool:
        lowered = text.lower()
        return any(mark in lowered for mark in _MARKS) or any(
            secret in text for secret in self._secrets
        )
