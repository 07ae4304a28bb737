"""Causes for which an answer ends otherwise than normally, as `AnswerIncomplete` names them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

IncompleteCause: TypeAlias = Literal[
    "length", "filter", "refusal", "empty", "thoughts", "context", "paused", "calls"
]
"""Limit of tokens, content filter, the model's own refusal, no text at all, thoughts alone, a full
context window, a pause of the provider, calls of tools that nothing runs."""

WITHOUT_ANSWER: Final[frozenset[str]] = frozenset({"empty", "thoughts", "paused", "calls"})
"""Causes that leave the user without an answer. With the others there is one: a part of it, or a
refusal that the model gave a reason for."""
