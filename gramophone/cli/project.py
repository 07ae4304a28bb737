"""Settings of the project in whose directory a command runs; `trust` makes all of them count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gramophone.cli.output import note, result
from gramophone.config.config import Config
from gramophone.config.loading import load
from gramophone.config.locations import locate
from gramophone.config.project_file import (
    ProjectFile,
    find_project_file,
    project_file_in,
    read_project,
)
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen


@frozen
class InProject:
    """Settings in force, and a sentence about those of the project, if there are any."""

    config: Config
    sentence: str = ""


def load_in_project(environment: Mapping[str, str], **flags: object) -> InProject:
    """Read the settings in force, with those of the project around the current directory.

    A project's file that is wrong is reported and left out: it must not keep anybody from working
    in its directory.

    Raises:
        ConfigError: the user's own settings or flags are wrong.
    """
    file = project_file()
    if file is None:
        return InProject(load(environment, **flags))
    from gramophone.config.project_trust import is_trusted

    data_directory, _ = locate(environment)
    try:
        project = read_project(file, trusted=is_trusted(data_directory, file))
    except ConfigError as error:
        return InProject(load(environment, **flags), str(error))
    try:
        config = load(environment, None, project.settings, **flags)
    except ConfigError as error:
        # If they are refused without it, too, it is not the project's fault.
        return InProject(load(environment, **flags), f"{file.path} is not used: {error}")
    return InProject(config, project.sentence)


def project_file() -> ProjectFile | None:
    """The file of the project around the current directory."""
    try:
        return find_project_file(Path.cwd(), Path.home())
    except (OSError, RuntimeError):  # the directory is gone, or there is no home
        return None


def trust(data_directory: Path, named: Path | None, *, undo: bool) -> int:
    """Trust a project's file as it is now, after printing it; or no longer.

    `named` is the file or its directory. Exit code 1 if there is no file.

    Raises:
        ConfigError: the file cannot be used, or the trust cannot be written down.
    """
    if named is None:
        file = project_file()
    else:
        file = project_file_in((named if named.is_dir() else named.parent).resolve())
    if file is None:
        note("There is no .gramophone.toml; run this in the project, or name it with PATH.")
        return 1
    from gramophone.config.project_trust import set_trust

    if not undo:
        read_project(file, trusted=True)
        result(file.content.decode().rstrip("\n"))
    set_trust(data_directory, file, trusted=not undo)
    note(f"{file.path} is {'not trusted any more' if undo else 'trusted as it is now'}")
    return 0
