"""Files named with `@path` in a prompt: completed, read, joined to the prompt.

Only a regular file of UTF-8 text or a picture is ever read, and only when the user named it. What
touches the disk stands at the end; it may be slow, so it is called in a thread.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from gramophone.core.errors import PictureError
from gramophone.core.frozen import frozen
from gramophone.core.picture import Picture
from gramophone.library.library import is_database_file
from gramophone.pictures.attachable import (
    MOST_PICTURE_BYTES,
    check_together,
    is_picture_name,
    picture_of,
)
from gramophone.pictures.file_header import looks_like_picture
from gramophone.text.mentions import MENTION_BEGINS, Mention
from gramophone.text.quoted_block import quoted_block
from gramophone.text.sanitize import plain, plain_line
from tui.prompt.completion_model import Completion, CompletionState

LARGEST_BYTES = 200_000
MOST_ATTACHED = 16
_MOST_SCANNED = 5_000
_MOST_OFFERED = 200

_FRAGMENT = re.compile(MENTION_BEGINS + r'(?:"(?P<quoted>[^"\n]*)|(?P<bare>[^\s"]*))\Z')
_BLOCK = re.compile(r"\n\n`(?P<name>[^`\n]+)`:\n(?P<fence>`{3,})\n")


# --- in the text ----------------------------------------------------------------------------------


@frozen
class Attachment:
    """A text file as it goes out."""

    name: str
    text: str


def joined(text: str, attachments: Iterable[Attachment]) -> str:
    """The prompt with its attachments behind it, each fenced so that it cannot end early."""
    return "".join([text, *(f"\n\n{quoted_block(item.name, item.text)}" for item in attachments)])


def parted(text: str) -> tuple[str, frozenset[str]]:
    """A sent prompt without its attachments, and their names: the reverse of `joined`."""
    for begin in _BLOCK.finditer(text):
        names = _names_of_blocks(text, begin.start())
        if names is not None:
            return text[: begin.start()], frozenset(names)
    return text, frozenset()


def _names_of_blocks(text: str, at: int) -> list[str] | None:
    names: list[str] = []
    while at < len(text):
        begin = _BLOCK.match(text, at)
        if begin is None:
            return None
        fence = begin["fence"]
        close = text.find(f"\n{fence}", begin.end() - 1)
        if close < 0:
            return None
        names.append(begin["name"])
        at = close + 1 + len(fence)
    return names


# --- completing -----------------------------------------------------------------------------------


@frozen
class Fragment:
    """A path being typed: where it stands with its `@`, its directory and what follows that."""

    start: int
    end: int
    directory: str
    stem: str


@frozen
class PathEntry:
    """A name in a directory."""

    name: str
    is_directory: bool


def fragment(line: str, cursor: int) -> Fragment | None:
    """The path that ends at the cursor."""
    match = _FRAGMENT.search(line[:cursor])
    if match is None:
        return None
    quoted = match["quoted"] is not None
    typed = match["quoted"] if quoted else match["bare"]
    rest = re.match(r'[^"]*"?' if quoted else r'[^\s"]*', line[cursor:])
    directory, slash, stem = typed.rpartition("/")
    end = cursor + (rest.end() if rest else 0)
    return Fragment(match.start(), end, directory + slash, stem)


def offered(typed: Fragment, entries: Sequence[PathEntry]) -> CompletionState | None:
    """The entries that fit: those that begin so, then those that have it within; directories
    first, hidden names only when a dot was typed."""
    stem = typed.stem.casefold()
    if stem.startswith("."):
        visible = [entry for entry in entries if entry.name.startswith(".")]
    else:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    begin = [entry for entry in visible if entry.name.casefold().startswith(stem)]
    begun = frozenset(begin)
    within = [
        entry for entry in visible if stem in entry.name.casefold()[1:] and entry not in begun
    ]
    candidates = [_candidate(typed.directory, entry) for entry in begin + within]
    if not candidates:
        return None
    return CompletionState(typed.start, typed.end, tuple(candidates[:_MOST_OFFERED]))


def _candidate(directory: str, entry: PathEntry) -> Completion:
    path = directory + entry.name
    spaced = any(character.isspace() for character in path)
    if entry.is_directory:
        text = f'@"{path}/' if spaced else f"@{path}/"
        return Completion(f"{entry.name}/", "directory", text)
    return Completion(entry.name, "", f'@"{path}" ' if spaced else f"@{path} ")


# --- on the disk ----------------------------------------------------------------------------------


@frozen
class NotAttached:
    """A file that was named and cannot go out; one sentence says why."""

    sentence: str


def scan(directory: str, base: Path) -> tuple[PathEntry, ...]:
    """Entries of a directory, directories first; none if it cannot be read.

    A name that could not be typed, or is not what it looks like, is left out.
    """
    try:
        with os.scandir(_located(directory or ".", base)) as listing:
            entries = [
                PathEntry(entry.name, _is_directory(entry))
                for entry in islice(listing, _MOST_SCANNED)
            ]
    except (OSError, ValueError):
        return ()
    honest = [entry for entry in entries if plain_line(entry.name) == entry.name]
    typed = [entry for entry in honest if '"' not in entry.name]
    return tuple(sorted(typed, key=lambda entry: (not entry.is_directory, entry.name.casefold())))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


# A pasted text may name files that its reader never saw, `@~/.ssh/id_rsa` in the middle of a log.
# Its paths are `strange`, and are not read; the prompt says so, and whoever wants one types it.


@frozen
class Attached:
    """Files that go out with a prompt. `unread` are the names of those that do not, because their
    paths were pasted."""

    texts: tuple[Attachment, ...] = ()
    pictures: tuple[Picture, ...] = ()
    unread: tuple[str, ...] = ()


def attached(
    mentioned: Iterable[Mention],
    base: Path,
    strange: frozenset[str] = frozenset(),
    pictures: Sequence[Picture] = (),
) -> Attached | NotAttached:
    """The files that are there; what names no file is only text.

    Those at paths that are `strange` are not read. `pictures` are at hand already, of a question
    that is asked again, and are not read anew.
    """
    by_name = {picture.name: picture for picture in pictures}
    files: list[Attachment | Picture] = []
    unread: list[str] = []
    for mention in mentioned:
        if known := [by_name[path] for path in mention.paths if path in by_name]:
            files.append(known[0])
            continue
        if strange.intersection(mention.paths):
            there = [path for path in mention.paths if os.path.isfile(_located(path, base))]
            unread += [plain_line(path) for path in there[:1]]
            continue
        for path in mention.paths:
            file = _read(path, base)
            if isinstance(file, NotAttached):
                return file
            if file is not None:
                files.append(file)
                break
    if len(files) > MOST_ATTACHED:
        return NotAttached(f"At most {MOST_ATTACHED} files can be attached to one prompt.")
    shown = tuple(file for file in files if isinstance(file, Picture))
    try:
        check_together(shown)
    except PictureError as error:
        return NotAttached(str(error))
    texts = tuple(file for file in files if isinstance(file, Attachment))
    return Attached(texts, shown, tuple(unread))


def _read(path: str, base: Path) -> Attachment | Picture | NotAttached | None:
    name = plain_line(path)
    location = _located(path, base)
    # Looked at before it is opened: to open a pipe waits, and to open a device may do something.
    try:
        kind = os.stat(location).st_mode
        if stat.S_ISDIR(kind):
            hint = f"{name} is a directory; name a file in it."
            return NotAttached(hint) if path.endswith("/") else None
        if not stat.S_ISREG(kind):
            return NotAttached(f"{name} is not a plain file, so it cannot be attached.")
        if is_database_file(Path(location)):
            return NotAttached(f"{name} is a file of Gramophone's own library; export a session.")
        raw = _bytes_of(location)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        return NotAttached(f"{name} cannot be read: {error.strerror or 'the disk refused'}.")
    # A text that is called a picture (a page of an error, saved under its name) is a mistake.
    if looks_like_picture(raw) or is_picture_name(path):
        try:
            return picture_of(raw, name)
        except PictureError as error:
            return NotAttached(str(error))
    if len(raw) > LARGEST_BYTES:
        return NotAttached(f"{name} is larger than {LARGEST_BYTES // 1000} kB; attach less of it.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return NotAttached(
            f"{name} is neither UTF-8 text nor a picture (PNG, JPEG, GIF, WebP), so it cannot be "
            "attached."
        )
    return Attachment(name, plain(text))


def _bytes_of(location: Path) -> bytes:
    """The content, or its beginning where it is too long for its kind. The file may have been
    changed for another since it was looked at, so it is opened without waiting and looked at
    again."""
    number = os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(0, "it is not a plain file")
        raw = file.read(LARGEST_BYTES + 1)
        if looks_like_picture(raw):
            raw += file.read(MOST_PICTURE_BYTES + 1 - len(raw))
    return raw


def _located(path: str, base: Path) -> Path:
    if path == "~" or path.startswith("~/"):
        return Path(os.path.expanduser(path))
    return base / path
