"""Fenced quotation of a text in a prompt, which the text cannot end early."""

from __future__ import annotations

import re

from gramophone.text.sanitize import plain, plain_line


def quoted_block(name: str, text: str) -> str:
    """Quote a text under its name, with a fence that is longer than any run of backticks in it.

    Control sequences are removed from both.
    """
    content = plain(text)
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    label = plain_line(name).replace("`", "'")
    ended = content if not content or content.endswith("\n") else f"{content}\n"
    return f"`{label}`:\n{fence}\n{ended}{fence}"
