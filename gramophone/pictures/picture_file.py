"""Pictures out of files that a user or a program names."""

from __future__ import annotations

from pathlib import Path

from gramophone.core.errors import PictureError
from gramophone.core.picture import Picture
from gramophone.pictures.attachable import MOST_PICTURE_BYTES, picture_of, too_large
from gramophone.system.regular_files import FileTooLarge, NotRegularFile, read_regular
from gramophone.text.sanitize import plain_line


def read_picture(path: Path, name: str) -> Picture:
    """Read a picture; only a regular file is opened. `name` is what the user calls it.

    Raises:
        PictureError: it is not there, cannot be read, or cannot be attached.
    """
    line = plain_line(name)
    try:
        content = read_regular(path, most_bytes=MOST_PICTURE_BYTES)
    except FileTooLarge as error:
        raise too_large(line) from error
    except NotRegularFile as error:
        raise PictureError(f"{line} {error.strerror}; name the file of a picture.") from error
    except FileNotFoundError as error:
        raise PictureError(f"There is no file {line}; name the file of a picture.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name has a NUL"
        raise PictureError(f"{line} cannot be read ({reason}).") from error
    return picture_of(content, name)
