"""Loading of what would hold up the first answer by a frame or two, before there is one."""

from __future__ import annotations

from typing import Final

from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.code import lexer_of

LANGUAGES: Final = ("python", "bash", "json", "javascript")
_EVERYTHING: Final = "# a\n\n- *b* `c` [d](https://example.org)\n\n|e|\n|-|\n|f|\n\n> g\n"


def warm_up() -> None:
    """Load the parser, and the lexers of the languages that are met most."""
    AnswerLayout(80).grow(_EVERYTHING)
    for language in LANGUAGES:
        if (lexer := lexer_of(language)) is not None:
            list(lexer.get_tokens("x"))
