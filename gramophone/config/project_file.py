"""A project's own settings: `.gramophone.toml`, found from the current directory upwards.

Whoever wrote the file is a stranger until the user trusts it: a cloned repository brings one along.
Without trust it may choose among what the user has set up, and can neither add an address nor a
program. Trust is for a path and a content (`project_trust`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from gramophone.config.file_reader import settings_in
from gramophone.config.user_models import is_user_model
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import FileTooLarge, NotRegularFile, read_regular

FILE_NAME: Final = ".gramophone.toml"
MOST_FILE_BYTES: Final = 1 << 16

CHOICES: Final = ("persona", "provider", "model", "system_prompt", "voice", "speed", "lang")
"""Settings that need no trust, as fields of `Config`: they choose, and add nothing."""

_TABLES: Final = ("persona_tables",)
_TRUSTED: Final = (
    *("memory", "max_tokens", "openai_base_url", "anthropic_base_url", "local_model", "speak_url"),
    *("sample_rate_hz", "endpoint_tables", "voice_tables"),
)
_ENTRIES: Final = {
    "lang": "language",
    "persona_tables": "[personas]",
    "endpoint_tables": "[endpoints]",
    "voice_tables": "[voices]",
    "speak_url": "url",
    "local_model": "local_file",
}
"""Names that the file has for settings, where they are not those of `Config`."""


@frozen
class ProjectFile:
    """A file as it was found.

    Attributes:
        refusal: why it cannot be used; empty if it can.
    """

    path: Path
    content: bytes = b""
    refusal: str = ""


@frozen
class ProjectSettings:
    """Settings of a project by field of `Config`, and a sentence about those and the others."""

    settings: Mapping[str, object]
    sentence: str


def find_project_file(directory: Path, home: Path) -> ProjectFile | None:
    """The nearest file in `directory` or above it.

    The search ends below `home`, the user's home directory, and where another file system begins.
    """
    try:
        device = directory.stat().st_dev
        for folder in (directory, *directory.parents):
            if folder == home or folder.stat().st_dev != device:
                return None
            if (file := project_file_in(folder)) is not None:
                return file
    except OSError:  # the directory is gone, or may not be looked at
        pass
    return None


def project_file_in(folder: Path) -> ProjectFile | None:
    """The file of this folder, if it has one."""
    path = folder / FILE_NAME
    return _read(path) if os.path.lexists(path) else None


def read_project(file: ProjectFile, *, trusted: bool) -> ProjectSettings:
    """Settings of the file that may be used.

    Raises:
        ConfigError: it cannot be used; the sentence names the file and says why.
    """
    if file.refusal:
        raise ConfigError(file.refusal)
    settings = settings_in(file.content, file.path)
    allowed = (*CHOICES, *_TABLES, *(_TRUSTED if trusted else ()))
    used = {
        name: value
        for name, value in settings.items()
        if name in allowed and (trusted or not _names_a_program(value))
    }
    return ProjectSettings(used, _sentence(file.path, used, settings))


def _read(path: Path) -> ProjectFile:
    try:
        status = path.lstat()
        if status.st_uid != os.getuid():
            return _refused(path, "it belongs to another user")
        if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IWOTH:
            return _refused(path, "everybody may write to it; take that back (chmod o-w)")
        return ProjectFile(path, read_regular(path, most_bytes=MOST_FILE_BYTES, follow=False))
    except (NotRegularFile, FileTooLarge) as error:
        return _refused(path, f"it {error.strerror}")
    except OSError as error:
        return _refused(path, f"it cannot be read ({error.strerror})")


def _refused(path: Path, reason: str) -> ProjectFile:
    return ProjectFile(path, refusal=f"{path} is not used: {reason}.")


def _names_a_program(value: object) -> bool:
    """Whether a provider in it is the user's code: `text:…` or `langchain:…`."""
    if isinstance(value, str):
        return is_user_model(value)
    if isinstance(value, Mapping):
        return any(_names_a_program(part) for part in cast("Mapping[str, object]", value).values())
    return False


def _sentence(path: Path, used: Mapping[str, object], settings: Mapping[str, object]) -> str:
    unused = [name for name in settings if name not in used]
    waiting = [name for name in unused if name in (*CHOICES, *_TABLES, *_TRUSTED)]
    never = [name for name in unused if name not in waiting]
    sentence = f"Settings of {path} are used: {_listed(used)}."
    if waiting:
        sentence += f" Until you trust the file (gramophone trust), not: {_listed(waiting)}."
    if never:
        sentence += f" A project cannot set {_listed(never)}."
    return sentence


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_ENTRIES.get(name, name) for name in names) or "none"
