"""Limits that a request sets to its answer: a number of tokens, and sequences that end it.

A stand-in has its answers whole, so it cuts them where the service would have ended.
"""

# Nobody here can count tokens, and a recording has their number for the whole at best. So a token
# is as long as the answer's own are on average if they were counted, and as guessed otherwise.
# Of chunks as the service sent them at most one token stands in each that nobody counted: to guess
# more could cut an answer that the service gave within the same limit.
#
# Sequences are looked for in text alone. A text that goes on behind thoughts or a call begins anew,
# as it does in a model. What ends first counts; of two that end together, the longer.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_count, as_list
from gramophone.wire.llm.answer import ModelAnswer, RawPiece, TextPiece, ToolPiece
from gramophone.wire.llm.answer_blocks import PlainPiece, calls_tools, plain_pieces
from gramophone.wire.llm.token_usage import CHARS_PER_TOKEN, answer_chars, guessed_tokens

_MOST_SEQUENCES: Final = 64
_LONGEST_SEQUENCE: Final = 1024


@frozen
class AnswerLimits:
    """The limits of an answer.

    Attributes:
        tokens: the most tokens it may have; 0 for any number.
        stop: sequences before the first of which its text ends.
        tools: whether it may call tools.
    """

    tokens: int = 0
    stop: tuple[str, ...] = ()
    tools: bool = True


def limits_of(tokens_: object, stop: object = None, *, tools: bool = True) -> AnswerLimits:
    """The limits that the fields of a request set; what is none of a limit's values sets none."""
    sequences: list[Any] = [stop] if isinstance(stop, str) else as_list(stop)
    named = [sequence for sequence in sequences if isinstance(sequence, str) and sequence]
    short = (sequence[:_LONGEST_SEQUENCE] for sequence in named[:_MOST_SEQUENCES])
    return AnswerLimits(as_count(tokens_), tuple(short), tools)


def within_limits(answer: ModelAnswer, limits: AnswerLimits) -> ModelAnswer:
    """The answer, ended where the limits end it; the same object where they do not.

    What is cut has no failure: the service would not have come to it. Calls that are not allowed
    are left out.
    """
    if not limits.tools:
        answer = _without_calls(answer)
    if not limits.tokens and not limits.stop:
        return answer
    pieces = plain_pieces(answer)
    before_stop, sequence = _before_stop(pieces, limits.stop)
    chars, per = _token_length(answer, answer_chars(pieces))
    # Multiplied first: an answer of just as many tokens as may be is whole.
    if limits.tokens and answer_chars(before_stop) > (room := limits.tokens * chars // per):
        return _ended(answer, _first_chars(before_stop, room), "length", limits.tokens)
    if sequence is None:
        return answer
    counted = answer_chars(before_stop) * per // max(chars, 1) if answer.output_tokens else 0
    return replace(_ended(answer, before_stop, "stop", counted), stop_sequence=sequence)


def _without_calls(answer: ModelAnswer) -> ModelAnswer:
    if not calls_tools(answer):
        return answer
    pieces = plain_pieces(answer)
    rest = tuple(piece for piece in pieces if not isinstance(piece, ToolPiece))
    counted = answer.output_tokens * answer_chars(rest) // max(answer_chars(pieces), 1)
    reason = "stop" if answer.finish_reason == "tool_calls" else answer.finish_reason
    return replace(answer, pieces=rest, finish_reason=reason, output_tokens=counted, provider="")


def _ended(
    answer: ModelAnswer, pieces: Sequence[PlainPiece], finish_reason: str, output_tokens: int
) -> ModelAnswer:
    return replace(
        answer,
        pieces=tuple(pieces),
        finish_reason=finish_reason,
        output_tokens=output_tokens,
        provider="",
        failure=None,
        ends_us=0,
    )


def _token_length(answer: ModelAnswer, chars: int) -> tuple[int, int]:
    """The length of a token of this answer, as so many characters for so many tokens."""
    if answer.output_tokens:
        return chars, answer.output_tokens
    streamed = sum(isinstance(piece, RawPiece) for piece in answer.pieces)
    if 1 < streamed < guessed_tokens(chars):
        return chars, streamed
    return CHARS_PER_TOKEN, 1


def _first_chars(pieces: Sequence[PlainPiece], room: int) -> list[PlainPiece]:
    first_pieces: list[PlainPiece] = []
    for piece in pieces:
        if room <= 0:
            break
        first_pieces.append(_shortened(piece, room))
        room -= answer_chars([piece])
    return first_pieces


def _shortened(piece: PlainPiece, chars: int) -> PlainPiece:
    if answer_chars([piece]) <= chars:
        return piece
    if isinstance(piece, ToolPiece):
        return replace(piece, arguments=piece.arguments[: max(chars - len(piece.name), 0)])
    return replace(piece, text=piece.text[:chars])


def _before_stop(
    pieces: Sequence[PlainPiece], sequences: Sequence[str]
) -> tuple[Sequence[PlainPiece], str | None]:
    """The pieces before the first of the sequences, and which it is; all where there is none."""
    if not sequences:
        return pieces, None
    begin = 0
    while begin < len(pieces):
        end = begin
        while end < len(pieces) and isinstance(pieces[end], TextPiece):
            end += 1
        run = pieces[begin:end]
        text = "".join(piece.text for piece in run if isinstance(piece, TextPiece))
        if (first_match := _first_of(sequences, text)) is not None:
            at, sequence = first_match
            return [*pieces[:begin], *_first_chars(run, at)], sequence
        begin = max(end, begin + 1)
    return pieces, None


def _first_of(sequences: Sequence[str], text: str) -> tuple[int, str] | None:
    """The sequence that is complete first, and where it begins."""
    places = ((text.find(candidate), candidate) for candidate in sequences)
    ends = [(at + len(candidate), at, candidate) for at, candidate in places if at >= 0]
    if not ends:
        return None
    _, at, sequence = min(ends)
    return at, sequence
