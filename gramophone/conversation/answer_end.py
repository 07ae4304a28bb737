"""Reasons for which a model's stream ends, as one sentence each for the ends that are not normal.

Providers have words of their own for the same end; local servers and gateways mix them. A word that
is not known here ends an answer normally, if it has any text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from gramophone.core.answer_ends import IncompleteCause
from gramophone.core.frozen import frozen
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line

IncompleteEnd: TypeAlias = tuple[IncompleteCause, str]
"""A cause, and the sentence for the user."""

BROKEN_OFF: Final = frozenset(
    {"error", "failed", "abort", "aborted", "cancelled", "insufficient_system_resource"}
)
"""Words for an end that is a failure of the service, though no error was sent."""

_CAUSES: Final[Mapping[str, IncompleteCause]] = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "content_filter": "filter",
    "safety": "filter",
    "recitation": "filter",
    "blocklist": "filter",
    "prohibited_content": "filter",
    "spii": "filter",
    "refusal": "refusal",
    "model_context_window_exceeded": "context",
    "pause_turn": "paused",
}

_SENTENCES: Final[Mapping[IncompleteCause, str]] = {
    "length": (
        "The answer reached its limit of tokens, so its end is missing; ask for the rest, or raise "
        "max_tokens."
    ),
    "filter": "The provider's content filter stopped the answer; ask in other words.",
    "refusal": "The model refused to answer; ask in other words, or choose another model.",
    "context": (
        "The model's context window is full, so the end of the answer is missing; begin a new "
        "session, or choose a model with a larger window."
    ),
    "paused": "The provider paused the answer before its end; ask the model to go on.",
    "empty": "The model sent an empty answer; ask again, or choose another model.",
    "thoughts": ("The model only thought, and gave no answer; ask again, or choose another model."),
}
_NO_TOKENS_LEFT: Final[Mapping[IncompleteCause, str]] = {
    "empty": (
        "The model reached its limit of tokens before any text came; raise max_tokens, and ask "
        "again."
    ),
    "thoughts": (
        "The model used up its limit of tokens for thoughts, and gave no answer; raise max_tokens, "
        "and ask again."
    ),
}

UNCLOSED: Final = (
    "The model opened a thought and never closed it, so the answer may stand in it; open the "
    "thoughts, or ask again."
)

_NAMES_SHOWN: Final = 3
_NAME_CHARACTERS: Final = 60


@frozen
class AnswerContent:
    """Parts that an answer has: `calls` are the names of the tools that it called, `unclosed` says
    that its last thought was never closed."""

    text: bool = False
    thoughts: bool = False
    refused: bool = False
    unclosed: bool = False
    calls: Sequence[str] = ()


def incomplete_end(reason: str, content: AnswerContent) -> IncompleteEnd | None:
    """Give the cause and sentence of an end with the provider's `reason`; None if it is normal."""
    cause = "refusal" if content.refused else _CAUSES.get(reason.strip().lower())
    # Some providers say "stop" though there are calls, so the calls count, not the reason.
    if content.calls and cause is None:
        return "calls", _calls_sentence(content.calls)
    if not content.text and cause in (None, "length", "context"):
        nothing: IncompleteCause = "thoughts" if content.thoughts else "empty"
        if content.unclosed and cause is None:
            return nothing, UNCLOSED
        return nothing, (_SENTENCES if cause is None else _NO_TOKENS_LEFT)[nothing]
    return (cause, _SENTENCES[cause]) if cause is not None else None


def _calls_sentence(calls: Sequence[str]) -> str:
    names = list(dict.fromkeys(cut(plain_line(name), _NAME_CHARACTERS) or "?" for name in calls))
    shown = ", ".join(names[:_NAMES_SHOWN])
    if len(names) > _NAMES_SHOWN:
        shown += f" and {len(names) - _NAMES_SHOWN} more"
    word = "tool" if len(names) == 1 else "tools"
    return (
        f"The model asked for the {word} {shown}, and this version offers no tools; ask again "
        "without, or choose another model."
    )
