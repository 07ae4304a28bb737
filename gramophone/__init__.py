"""The engine: everything but the screen (`tui`) and the library on disk (`storage`).

Programs call `gramophone.speak` and `gramophone.converse`, which are in `gramophone.api`. Who may
import whom stands in `pyproject.toml`; `docs/architecture.md` has the picture. Begin with
`core.timeline` (the events), then `conversation.conversation` (the live source of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gramophone.api import Answer, Speech, Talk, converse, speak

__version__ = "0.1.0"
__all__ = ["Answer", "Speech", "Talk", "__version__", "converse", "speak"]


def __getattr__(name: str) -> object:
    # Imported at the first use: every module of the engine imports this package first.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gramophone import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
