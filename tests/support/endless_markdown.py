"""Markdown whose last block never ends, of any length."""

from __future__ import annotations

WORDS = "The **sea** is `wide`, and [this](https://example.org/page) is www.example.org now. "
LINE = "Needles follow the groove,\nand the horn speaks; "
CODE = "def play(record):\n    return needle(record)\n\n"

ENDLESS = {
    "paragraph": WORDS,
    "lines": LINE,
    "without spaces": "留声机用唱针读取唱片",
    "emoji of several parts": "👩‍👩‍👧‍👦",
    "one letter": "a",
    "heading": WORDS,
    "quote": WORDS,
    "quoted lines": "Needles follow.\n> The horn speaks.\n> > Deeper\n> \n> ",
    "item": WORDS,
    "numbered": WORDS,
    "item with paragraphs": "Needles follow.\n\n  The horn speaks. ",
    "nested items": "one\n  - two\n    1. three\n  - ",
    "nested": WORDS,
    "lines of a nested one": "wide\n>    is the sea ",
    "line of code": "play(record); ",
    "code in an item": CODE.replace("\n", "\n  "),
    "line of code in an item": "play(record); ",
    "indented code": "play(record); ",
    "row of a table": "the sea is wide ",
    "cells of a row": "sea | ",
    "info of a fence": "python ",
    "unclosed": "[",
    "unclosed code": "` ",
    "stars": "*",
    "dashes": "-",
    "quotes": ">",
    "hashes": "#",
    "bars": "|",
    "backslashes": "\\",
    "empty lines": "\n",
    "spaces": " ",
    "backticks": "`",
    "definitions": "[a]: https://example.org\n",
    "entities": "&amp;",
}
BEGINNINGS = {
    "heading": "## ",
    "quote": "> ",
    "quoted lines": "> ",
    "item": "- ",
    "numbered": "Before\n\n11. eleven\n12. ",
    "item with paragraphs": "- ",
    "nested items": "- ",
    "nested": "3. > - ",
    "lines of a nested one": "> 2. ",
    "line of code": "```python\n",
    "code in an item": "- See:\n  ```python\n  ",
    "line of code in an item": "7. See:\n   ```python\n   ",
    "indented code": "    ",
    "row of a table": "| a | b |\n|---|---|\n| x |",
    "cells of a row": "| a | b |\n|---|---|\n| x |",
    "info of a fence": "```",
    "empty lines": "A paragraph.\n",
    "spaces": "A paragraph. ",
}


def endless(kind: str, length: int) -> str:
    repeated = ENDLESS[kind]
    return BEGINNINGS.get(kind, "") + repeated * (length // len(repeated))
