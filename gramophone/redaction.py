"""Secrets never reach a file: every string that goes to disk passes through here.

Three nets. The secrets that the configuration knows are replaced wherever they stand, also in
their JSON and URL spelling; whatever has the shape of a credential (`Token …`, `Bearer …`,
`sk-…`, `api_key=…`) is replaced too; and so is what a pattern of the user's finds.

What stands in their place is a mark made of a keyed hash: the same secret has the same mark all
through a library, so that what was equal stays equal, and nobody who lacks the key of that library
can try out what it was. Pure: no files here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from urllib.parse import quote

Redact: TypeAlias = Callable[[str], str]

HIDDEN = "***"
"""Every mark begins and ends with it."""
_HASH_BYTES = 6
MARK = re.compile(rf"\*\*\*([0-9a-f]{{{2 * _HASH_BYTES}}})\*\*\*")
"""What stands where a secret was."""

# A key for a local server is often a plain word ("none", "ollama"); to replace those would eat
# holes into ordinary talk.
_SHORTEST_SECRET = 8

# A credential has a digit and no spaces; "Bearer of bad news" is not one.
_SHAPES = re.compile(
    r"""(?P<lead>
            \b(?:token|bearer)\s+(?=[^\s"'&]*\d)(?=[\w.~+/=-]{16})
          | \b(?:api|access|secret)[_-]?(?:key|token)\\?["']?\s*[=:]\s*\\?["']?(?=[\w.~+/=-]{8})
          | (?=\bsk-[\w-]{16})
        )(?P<secret>[\w.~+/=-]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# Plain substring searches are some fifty times cheaper than the expression above; most batches
# hold none of these and are done after them.
_MARKS = ("token ", "token\t", "bearer", "sk-", "key", "access", "secret")


class Redactor:
    """Replaces secrets in strings. `redact` is the caller's own function, applied first."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        redact: Redact | None = None,
        *,
        patterns: Iterable[str] = (),
        key: bytes = b"",
    ) -> None:
        """`key` belongs to the library; `patterns` are regular expressions that compile."""
        self._key = hashlib.sha256(key).digest()
        self._secrets: dict[str, str] = {}
        self.learn(secrets)
        self._patterns = [re.compile(pattern) for pattern in patterns]
        self._redact = redact

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on replace these, too; may be called from any thread."""
        spellings = dict(self._secrets)
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                mark = self.mark(secret)
                for spelling in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
                    spellings[spelling] = mark
        # The longest first: a secret may be the beginning of another.
        self._secrets = dict(sorted(spellings.items(), key=lambda pair: -len(pair[0])))

    @classmethod
    def of(
        cls, redact: Redact | Sequence[str], *, patterns: Iterable[str] = (), key: bytes = b""
    ) -> Redactor:
        """A redactor from a function or from the secrets themselves."""
        if isinstance(redact, Redactor):
            return redact
        if callable(redact):
            return cls(redact=redact, patterns=patterns, key=key)
        return cls(redact, patterns=patterns, key=key)

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        if self._redact is not None:
            text = self._redact(text)
        if self._suspicious(text):
            for secret, mark in self._secrets.items():
                text = text.replace(secret, mark)
            text = _outside_marks(text, self._without_shapes)
        for pattern in self._patterns:
            text = _outside_marks(text, lambda part, by=pattern: by.sub(self._marked, part))
        return text

    def mark(self, secret: str) -> str:
        """What stands where `secret` was."""
        told = secret.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(told, digest_size=_HASH_BYTES, key=self._key).hexdigest()
        return f"{HIDDEN}{digest}{HIDDEN}"

    def may_change(self, texts: Sequence[str]) -> bool:
        """Whether any of the texts may hold a secret; a cheap look at a whole batch."""
        if self._redact is not None or self._suspicious("\0".join(texts)):
            return True
        return any(pattern.search(text) for pattern in self._patterns for text in texts)

    def _suspicious(self, text: str) -> bool:
        lowered = text.lower()
        return any(mark in lowered for mark in _MARKS) or any(
            secret in text for secret in self._secrets
        )

    def _without_shapes(self, text: str) -> str:
        return _SHAPES.sub(lambda found: found["lead"] + self.mark(found["secret"]), text)

    def _marked(self, found: re.Match[str]) -> str:
        return self.mark(found[0]) if found[0] else ""


def refusal(pattern: str) -> str:
    """Why a pattern of the user's cannot be used, or nothing."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is no regular expression ({error})"
    return "matches where nothing stands" if compiled.search("") else ""


def _outside_marks(text: str, change: Redact) -> str:
    """Change what is no mark: a pattern may fit a mark's own digits."""
    pieces: list[str] = []
    end = 0
    for found in MARK.finditer(text):
        pieces += (change(text[end : found.start()]), found[0])
        end = found.end()
    return "".join([*pieces, change(text[end:])])
