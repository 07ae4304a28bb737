"""The engine: everything but the screen (`tui`) and the library on disk (`storage`).

Who may import whom stands in `pyproject.toml`; `docs/architecture.md` has the picture. Begin with
`core.timeline` (the events), then `conversation.conversation` (the live source of them).
"""

__version__ = "0.1.0"
