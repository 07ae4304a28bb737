"""Pictures of a question: those that its text names with `@`, and those that an option names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gramophone.cli.output import note
from gramophone.cli.runner import end_with
from gramophone.core.errors import GramophoneError
from gramophone.core.picture import Picture
from gramophone.library.library import refuse_database_file
from gramophone.pictures.attachable import check_together, is_picture_name
from gramophone.pictures.picture_file import read_picture
from gramophone.text.mentions import mentions


def pictures_for(text: str, files: Iterable[str]) -> tuple[Picture, ...]:
    """Read the pictures that a text and options name, and note them on stderr.

    Ends the program where a file is not a picture.
    """
    try:
        pictures = named_pictures(text, files)
    except GramophoneError as error:
        end_with(error)
    for picture in pictures:
        note(f"with {picture.name}, {picture.size}")
    return pictures


def named_pictures(text: str, files: Iterable[str] = ()) -> tuple[Picture, ...]:
    """Read the pictures that `@picture.png` in a text names, then those of `files`.

    In the text, a path that does not end like a picture's, or names nothing, is only text.

    Raises:
        PictureError: a file is not a picture, or cannot be read.
        StorageError: it belongs to a library.
    """
    there = (
        next(filter(_is_there, filter(is_picture_name, mention.paths)), "")
        for mention in mentions(text)
    )
    pictures = tuple(_picture(path) for path in (*filter(None, there), *files))
    check_together(pictures)
    return pictures


def _is_there(path: str) -> bool:
    # As functions of `os.path` they raise nothing, whatever stands behind the `@`.
    return os.path.exists(os.path.expanduser(path))


def _picture(path: str) -> Picture:
    location = Path(os.path.expanduser(path))
    refuse_database_file(location)
    return read_picture(location, path)
