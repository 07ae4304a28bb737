"""Sections of `docs/architecture.md` that scripts write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent.parent / "docs" / "architecture.md"


def keep_current(begins: str, ends: str, section: str, arguments: Sequence[str]) -> int:
    """Write the section between two marks; with `--check` only compare it.

    Returns:
        The exit code: 1 where the page is not current and is not written.
    """
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(begins) + len(begins), page.index(ends)
    current = page[:start] + "\n" + section + "\n" + page[end:]
    if "--check" not in arguments:
        PAGE.write_text(current, encoding="utf-8")
    elif current != page:
        print(f"docs/architecture.md is not current; {begins.strip()}", file=sys.stderr)
        return 1
    return 0
