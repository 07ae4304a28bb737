"""Paths of exports: the suggested one, and the format that the suffix of a path asks for.

Nothing here touches the disk.
"""

from __future__ import annotations

from pathlib import Path

from gramophone.library.export_request import FORMS, ExportFormat, form_of, slug

FOLDER = "~/gramophone/"
"""Directory for several sessions."""

_NAMES = tuple(FORMS)


def suggested(title: str, form: ExportFormat) -> str:
    """The path the export of one session offers."""
    return f"~/gramophone-{slug(title)}{form.suffix}"


def chosen(text: str, form: ExportFormat) -> Path:
    """Absolute path of what the user wrote; a missing suffix is added."""
    path = Path(text.strip()).expanduser()
    if not path.suffix:
        path = path.with_suffix(form.suffix)
    return Path.cwd() / path


def directory(text: str) -> Path:
    """The directory the user wrote, as an absolute path."""
    return Path.cwd() / Path(text.strip()).expanduser()


def named(text: str) -> ExportFormat | None:
    """The form that the end of the path asks for."""
    return form_of(Path(text.strip()))


def renamed(text: str, form: ExportFormat) -> str:
    """The path as it is for another form; one whose end names none stays."""
    before = named(text)
    return text if before is None else text.rstrip()[: -len(before.suffix)] + form.suffix


def neighbour(form: ExportFormat, steps: int) -> ExportFormat:
    """The form so many steps on, around the end."""
    return FORMS[_NAMES[(_NAMES.index(form.name) + steps) % len(_NAMES)]]
