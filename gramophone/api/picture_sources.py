"""Pictures as a program gives them: paths, or the content of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from gramophone.core.picture import Picture
from gramophone.library.library import refuse_database_file
from gramophone.pictures.attachable import check_together, picture_of
from gramophone.pictures.picture_file import read_picture

PictureSource: TypeAlias = str | os.PathLike[str] | bytes
"""A path, or a whole file of a picture."""


def pictures_of(sources: Sequence[PictureSource]) -> tuple[Picture, ...]:
    """Read pictures; one that is given as bytes is called by its number.

    Raises:
        PictureError: a file does not exist or is not a picture, or they are too many or too
            large.
        StorageError: a path leads to a file of a library.
    """
    pictures = tuple(_picture(source, number) for number, source in enumerate(sources, 1))
    check_together(pictures)
    return pictures


def _picture(source: PictureSource, number: int) -> Picture:
    if isinstance(source, bytes):
        return picture_of(source, f"picture {number}")
    path = Path(source)
    refuse_database_file(path)
    return read_picture(path, path.name or str(path))
