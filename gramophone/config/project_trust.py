"""Files of projects that the user trusts: a path and the content that it had then."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Final, cast

from gramophone.config.project_file import ProjectFile
from gramophone.core.errors import ConfigError
from gramophone.system.regular_files import read_regular
from gramophone.system.temporary_files import make_file, sweep

FILE_NAME: Final = "trusted-projects.json"
_MOST_BYTES: Final = 1 << 20


def is_trusted(data_directory: Path, file: ProjectFile) -> bool:
    """Whether this content of this path is trusted; a change of either ends that."""
    return _entries(data_directory).get(str(file.path)) == _digest(file)


def set_trust(data_directory: Path, file: ProjectFile, *, trusted: bool) -> None:
    """Trust the file as it is, or no longer.

    Raises:
        ConfigError: it cannot be written down.
    """
    entries = {
        path: digest for path, digest in _entries(data_directory).items() if path != str(file.path)
    }
    if trusted:
        entries[str(file.path)] = _digest(file)
    target = data_directory / FILE_NAME
    try:
        data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep(data_directory)
        descriptor, new = make_file(target)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump(entries, output, indent=1)
            output.flush()
            os.fsync(output.fileno())
            # Renamed before it is closed, because closing releases its lock.
            new.replace(target)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written ({error.strerror}).") from error


def _digest(file: ProjectFile) -> str:
    return hashlib.sha256(file.content).hexdigest()


def _entries(data_directory: Path) -> dict[str, str]:
    """Digests by path; none where the file is missing or damaged, so that nothing is trusted."""
    try:
        content = json.loads(read_regular(data_directory / FILE_NAME, most_bytes=_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    entries = cast("dict[str, object]", content)
    return {path: digest for path, digest in entries.items() if isinstance(digest, str)}
