"""Full-text search: words become a safe query over turns and titles, newest hits first."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.filters import Word

HIT_BEGINS = "\ue000"
HIT_ENDS = "\ue001"

_MOST_WORDS = 32
_LONGEST_WORD = 200

# Newest first, below a row number. The order is the index's own, so the cost does not grow with
# the library; ranking a common word would read every hit. Snippets are made only for what is
# shown: each reads its turn.
TURN_HITS = """
    SELECT rowid FROM turn_text WHERE turn_text MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?
"""
TITLE_HITS = """
    SELECT rowid FROM session_title WHERE session_title MATCH ? AND rowid < ?
    ORDER BY rowid DESC LIMIT ?
"""
SNIPPETS = f"""
    SELECT rowid, snippet(turn_text, 0, '{HIT_BEGINS}', '{HIT_ENDS}', '…', 12)
    FROM turn_text WHERE turn_text MATCH ? AND rowid IN (SELECT value FROM json_each(?))
"""

# The newest hit in each of a few sessions, named by their numbers; a turn's row number begins
# with its session's.
HITS_IN = """
    SELECT number.value,
        (SELECT rowid FROM turn_text WHERE turn_text MATCH ?1
            AND rowid >= number.value << 20 AND rowid < (number.value + 1) << 20
            ORDER BY rowid DESC LIMIT 1),
        EXISTS (SELECT 1 FROM session_title
            WHERE session_title MATCH ?1 AND rowid = number.value)
    FROM json_each(?2) AS number
"""


def match_expression(words: Sequence[Word], without: Sequence[str] = ()) -> str:
    """The FTS5 query for words that must all occur and some that must not; empty without words.

    Each is quoted, so that no character of it is an operator. An open word is the beginning of
    one, but for a single Latin letter: the words that begin with it are most of the library.
    """
    wanted = " ".join(_quoted(word) for word in words[:_MOST_WORDS])
    unwanted = " OR ".join(_quoted(Word(word)) for word in without[:_MOST_WORDS])
    return f"({wanted}) NOT ({unwanted})" if wanted and unwanted else wanted


def _quoted(word: Word) -> str:
    clean = word.text.replace("\0", " ").encode("utf-8", "replace").decode()[:_LONGEST_WORD]
    quoted = '"' + clean.replace('"', '""') + '"'
    return quoted + "*" if word.open and not (len(clean) == 1 and clean.isascii()) else quoted
