"""Ids and signatures that a service would draw at random, made from the request."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b

from gramophone.core.frozen import frozen

CREATED_S = 1_767_225_600
"""The time of creation where no other is known: the first second of 2026."""


def made_id(prefix: str, ordinal: int, part: int = 0) -> str:
    """An id for (a part of) the answer of this ordinal."""
    drawn = blake2b(f"{prefix}{ordinal}.{part}".encode(), digest_size=12)
    return prefix + drawn.hexdigest()


@frozen
class CallIds:
    """Ids of the calls to tools in the answer of this ordinal, `before` being those ahead of it.

    Clients keep calls by their ids, so none may come twice: neither among the answers of one
    stand-in, which the ordinal sees to, nor in a conversation that goes on with another stand-in,
    which the count of its calls so far does.
    """

    ordinal: int
    before: int

    def id_of(self, prefix: str, index: int) -> str:
        """An id for the call of this index in the answer."""
        return made_id(prefix, self.ordinal, self.before + index)


def made_signature(thoughts: str) -> str:
    """A signature for reasoning that came without one; clients send it back unread."""
    drawn = blake2b(thoughts.encode("utf-8", "surrogatepass"), digest_size=48)
    return b64encode(drawn.digest()).decode()
