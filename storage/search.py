"""Full-text search over turns: what a person types becomes a safe query, newest hits first."""

from __future__ import annotations

HIT_BEGINS = "\ue000"
HIT_ENDS = "\ue001"

_MOST_WORDS = 32
_LONGEST_WORD = 200

# One row a matching turn, newest first, below a row number. The order is the index's own, so
# the cost does not grow with the library; ranking a common word would read every hit.
HITS = f"""
    SELECT turn_text.rowid,
           snippet(turn_text, 0, '{HIT_BEGINS}', '{HIT_ENDS}', '…', 12)
    FROM turn_text
    WHERE turn_text MATCH ? AND turn_text.rowid < ?
    ORDER BY turn_text.rowid DESC
    LIMIT ?
"""


def match_expression(typed: str) -> str:
    """The FTS5 query for what was typed; empty when it holds no word.

    Every word must occur. Each is quoted, so that no character of it is an operator, and the
    last is the beginning of a word, because it may still be being typed. A single Latin letter is
    not: the words that begin with it are most of the library.
    """
    clean = typed.replace("\0", " ").encode("utf-8", "replace").decode()
    words = [word[:_LONGEST_WORD] for word in clean.split() if any(map(str.isalnum, word))]
    words = words[:_MOST_WORDS]
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    if quoted and not (len(words[-1]) == 1 and words[-1].isascii()):
        quoted[-1] += "*"
    return " ".join(quoted)
