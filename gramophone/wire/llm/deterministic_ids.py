"""Names and numbers that a service would draw, the same every time the same is asked."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b

CREATED_S = 1_767_225_600
"""When everything was made: the first second of 2026."""
_CHARS_PER_TOKEN = 4


def made_id(prefix: str, ordinal: int, part: int = 0) -> str:
    """An id for (a part of) the answer of this ordinal."""
    drawn = blake2b(f"{prefix}{ordinal}.{part}".encode(), digest_size=12)
    return prefix + drawn.hexdigest()


def made_signature(thoughts: str) -> str:
    """A signature under thoughts that came without one."""
    drawn = blake2b(thoughts.encode("utf-8", "surrogatepass"), digest_size=48)
    return b64encode(drawn.digest()).decode()


def tokens(counted: int, chars: int) -> int:
    """What was counted, or a guess from the length where nobody did."""
    return counted or (chars + _CHARS_PER_TOKEN - 1) // _CHARS_PER_TOKEN
