"""Where an export goes when nobody says otherwise, and as what: its name decides. Pure: the disk is
not touched."""

from __future__ import annotations

from pathlib import Path

from gramophone.exports import FORMS, ExportForm, form_of, slug

WAV, BUNDLE = ".wav", ".gramophone"


def suggested(title: str) -> str:
    """The path the export offers."""
    return f"~/gramophone-{slug(title)}{WAV}"


def chosen(text: str) -> Path:
    """What the user wrote, as an absolute path; `.wav` is added where a suffix lacks."""
    path = Path(text.strip()).expanduser()
    if not path.suffix:
        path = path.with_suffix(WAV)
    return Path.cwd() / path


def form(path: Path) -> ExportForm:
    """What is written there; WAV where the name does not say."""
    return form_of(path) or FORMS["wav"]


def is_bundle(path: Path) -> bool:
    """Whether the whole session goes there, or its sound alone."""
    return path.suffix.lower() == BUNDLE


def other_kind(text: str) -> str:
    """The path as it is for a bundle, if it is for a WAV; and the other way round."""
    suffix = Path(text.strip()).suffix
    stem = text.rstrip().removesuffix(suffix) if suffix.lower() in (WAV, BUNDLE) else text.rstrip()
    return stem + (WAV if suffix.lower() == BUNDLE else BUNDLE)


def directory(text: str) -> Path:
    """The directory the user wrote, as an absolute path."""
    return Path.cwd() / Path(text.strip()).expanduser()
