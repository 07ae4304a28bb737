"""Full-text search: words become a safe query over turns and titles, newest hits first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from gramophone.library.search_query import SearchWord, highlights
from gramophone.text.bigrams import SPACELESS, is_spaceless, looked_up
from gramophone.text.folding import NON_JOINER
from gramophone.text.graphemes import end_of, start_of

HIT_BEGINS = "\ue000"
HIT_ENDS = "\ue001"

LONGEST_BEGINNING = 5
"""The longest prefix that the index holds."""

_MOST_WORDS = 32
_LONGEST_WORD = 200

# Of writing without spaces, a few characters are what a word is elsewhere.
_TOKEN = re.compile(rf"[{SPACELESS}]{{1,4}}|[^\s{SPACELESS}]+")
_SNIPPET_TOKENS = 12
_TOKENS_BEFORE = 4
_HIT_TOKENS = _SNIPPET_TOKENS - _TOKENS_BEFORE
_LONGEST_SNIPPET = 400

# Newest first, below a row of the index, of sessions that pass. The order is the index's own, so
# the cost does not grow with the library; ranking a common word would read every hit. Rows are
# composed of the positions of sessions in time.
TURN_HITS = """
    SELECT rowid FROM turn_text WHERE turn_text MATCH ? AND rowid < ?
    AND EXISTS (
        SELECT 1 FROM {sessions} WHERE session.position = turn_text.rowid >> 20 AND {passes}
    )
    ORDER BY rowid DESC LIMIT ?
"""
TITLE_HITS = """
    SELECT rowid FROM session_title WHERE session_title MATCH ? AND rowid < ?
    AND EXISTS (SELECT 1 FROM {sessions} WHERE session.position = session_title.rowid AND {passes})
    ORDER BY rowid DESC LIMIT ?
"""

_MANY_TURNS = 1_000
# The newest hit in each of a few sessions, named by their positions.
#
# A full-text index keeps the rows of a word in rising order. FTS5 finds a first row by a tree of
# its own (the doclist index), but a last row by a walk back from the end, page by page: with a word
# of 360,000 turns 0.2 ms for each session, and 0.02 ms upward. So all hits of a session are read
# upward and the last one is taken (`+` keeps SQLite from turning `max` into a walk down), which
# costs less than a microsecond a hit; only of a very long session this would be the slower way.
HITS_IN = f"""
    SELECT position.value,
        CASE WHEN session.turns < {_MANY_TURNS} THEN
            (SELECT max(+rowid) FROM turn_text WHERE turn_text MATCH ?1
                AND rowid >= position.value << 20 AND rowid < (position.value + 1) << 20)
        ELSE
            (SELECT rowid FROM turn_text WHERE turn_text MATCH ?1
                AND rowid >= position.value << 20 AND rowid < (position.value + 1) << 20
                ORDER BY rowid DESC LIMIT 1)
        END,
        EXISTS (SELECT 1 FROM session_title
            WHERE session_title MATCH ?1 AND rowid = position.value)
    FROM json_each(?2) AS position CROSS JOIN session ON session.position = position.value
"""

# The texts of hits, by their rows.
TEXTS_OF = """
    SELECT hit.value, turn.text FROM json_each(?) AS hit
    CROSS JOIN session ON session.position = hit.value >> 20
    CROSS JOIN turn ON turn.session = session.number AND turn.turn = hit.value & ((1 << 20) - 1)
"""


def match_expression(words: Sequence[SearchWord], without: Sequence[str] = ()) -> str:
    """The FTS5 query for words that must all occur and some that must not; empty without words.

    Each is quoted, so that no character of it is an operator. An open word is the beginning of
    one, but for a single Latin letter: the words that begin with it are most of the library.
    """
    required = " AND ".join(_sought(word) for word in words[:_MOST_WORDS])
    excluded = " OR ".join(_sought(SearchWord(word)) for word in without[:_MOST_WORDS])
    return f"({required}) NOT ({excluded})" if required and excluded else required


def wide(words: Sequence[SearchWord]) -> bool:
    """Whether a query costs before its first hit: the beginning of a word that is longer than
    the index of beginnings, or a single character of writing without spaces, is looked up by
    merging all words that begin so."""
    return any(
        looked_up(word.text)[1]
        if is_spaceless(word.text)
        else word.open and len(word.text) > LONGEST_BEGINNING
        for word in words
    )


def snippet(text: str, words: Sequence[SearchWord]) -> str:
    """The words around the most hits, each between its marks.

    FTS5 has such a function; it would look the words up again for each turn it is asked about.
    """
    spans = highlights(text, words)
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    if not tokens:
        return ""
    firsts = [_token_at(tokens, start) for start, _ in spans]
    # The hits stand in order, so those near one are between two places among them.
    best = max(
        firsts,
        key=lambda first: (
            bisect_left(firsts, first + _HIT_TOKENS) - bisect_left(firsts, first),
            -first,
        ),
        default=0,
    )
    first = max(0, min(best - _TOKENS_BEFORE, len(tokens) - _SNIPPET_TOKENS))
    window = tokens[first : first + _SNIPPET_TOKENS]
    start = start_of(text, window[0][0])
    end = end_of(text, min(window[-1][1], start + _LONGEST_SNIPPET))
    marked, end_of_last = "" if first == 0 else "…", start
    for begins, ends in spans:
        if start <= begins and ends <= end:
            marked += f"{text[end_of_last:begins]}{HIT_BEGINS}{text[begins:ends]}{HIT_ENDS}"
            end_of_last = ends
    return marked + text[end_of_last:end] + ("" if end >= tokens[-1][1] else "…")


def _token_at(tokens: Sequence[tuple[int, int]], offset: int) -> int:
    return max(0, bisect_right(tokens, (offset, len(tokens) and tokens[-1][1])) - 1)


def _sought(word: SearchWord) -> str:
    """The query for one word or phrase."""
    clean = word.text.replace("\0", " ").encode("utf-8", "replace").decode()[:_LONGEST_WORD]
    phrase, begins = looked_up(clean)
    begins = begins or (word.open and not is_spaceless(phrase[-1:]))
    begins = begins and not (len(clean) == 1 and clean.isascii())
    query = _quoted(phrase, begins)
    if NON_JOINER not in phrase:
        return query
    # It stands once divided and once joined in the index, but only joined where it was typed so.
    return f"({query} OR {_quoted(phrase.replace(NON_JOINER, ''), begins)})"


def _quoted(phrase: str, begins: bool) -> str:
    return '"' + phrase.replace('"', '""') + '"' + ("*" if begins else "")
