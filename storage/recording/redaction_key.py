"""The random key of a library, with which the marks of hidden secrets are made.

It stays in the data directory and is in no bundle: whoever gets a bundle cannot try out what a mark
hides.
"""

from __future__ import annotations

import os

from gramophone.system.regular_files import read_regular
from storage.home import Home, open_private

_KEY_BYTES = 32


def marking_key(home: Home) -> bytes:
    """The library's key, made where it is missing; the library's directory must exist.

    Raises:
        OSError: it cannot be read or written.
    """
    try:
        return _stored_key(home)
    except FileNotFoundError:
        pass
    # Written aside and linked into place: another program that starts now must not read half of it.
    aside = home.marking_key.with_name(f".{home.marking_key.name}.{os.urandom(4).hex()}")
    descriptor = open_private(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        os.write(descriptor, os.urandom(_KEY_BYTES).hex().encode() + b"\n")
        os.fsync(descriptor)
        os.link(aside, home.marking_key)
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
        aside.unlink(missing_ok=True)
    return _stored_key(home)


def _stored_key(home: Home) -> bytes:
    # Any bytes do: a file that was changed gives other marks, and hides as well.
    return read_regular(home.marking_key)
