"""Writes docs/events.md from the vocabulary itself; a test holds the page to it."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from pathlib import Path

from gramophone.core.codec import EVENT_TYPES

PAGE = Path(__file__).parent.parent / "docs" / "events.md"
HEAD = """# Events

Everything that can happen in a session, as `ask --json` prints it and `export --format jsonl`
writes it: one JSON object a line with `event`, `at_us` (microseconds since the session began) and
the fields below. Made from `gramophone/core/timeline.py` by `scripts/document_events.py`.
"""


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for name, kind in EVENT_TYPES.items():
        public = [f for f in fields(kind) if f.name not in {"at_us", "pcm", "content"}]
        listed = ", ".join(f"`{f.name}` {_type(str(f.type))}" for f in public) or "no fields"
        parts.append(f"\n## {name}\n\n{inspect.cleandoc(kind.__doc__ or '')}\n\n{listed}\n")
    return "".join(parts)


def _type(annotation: str) -> str:
    return annotation.replace("Role", "user or assistant").replace(" | None", " or null")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.name}\n")
