"""The frame of every command: reads settings, runs the work, reports a failure once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import click

from gramophone.app.keyring import missing_keys, with_stored_keys
from gramophone.cli.project import InProject, load_in_project
from gramophone.config.config import Config
from gramophone.config.loading import load, require_model
from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.core.model_settings import parse_settings

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def configured(flags: dict[str, Any] | None = None) -> Config:
    """Read the settings in force, with the options of the command; a wrong one ends the program.

    Missing keys of the keyring are reported.
    """

    def read(environment: Mapping[str, str], **settings: object) -> InProject:
        return InProject(load(environment, **settings))

    return _read_settings(read, flags).config


def configured_in_project(
    flags: dict[str, Any] | None = None, *, on_screen: bool = False
) -> InProject:
    """Read the settings in force, as `configured` does, with those of the project around.

    With `on_screen`, the app reports what is missing and which settings are the project's.
    """
    in_project = _read_settings(load_in_project, flags, on_screen=on_screen)
    if not on_screen:
        _note(in_project.sentence)
    return in_project


def _read_settings(
    read: Callable[..., InProject], flags: dict[str, Any] | None, *, on_screen: bool = False
) -> InProject:
    flags = dict(flags or {})
    log: Path | None = flags.pop("log", None)
    environment = with_stored_keys(os.environ)
    missing = missing_keys(environment)
    try:
        if log is not None:
            from gramophone.cli.log_file import open_log

            open_log(log)
        settings = settings_of(flags)
        in_project = read(environment, **settings)
        if "provider" in settings:
            require_model(in_project.config)
    except ConfigError as error:
        # Said first: a missing key is often the reason why a setting is refused.
        _note(missing)
        end_with(error)
    if not on_screen:
        _note(missing)
    return in_project


def settings_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the options of a command name, as `load` takes them.

    Raises:
        ConfigError: one is wrong.
    """
    settings = dict(flags)
    settings.pop("log", None)
    # None is not set: a flag that was not given must not overrule the environment and the file.
    settings["muted"] = settings.pop("mute", False) or None
    settings["keep"] = False if settings.pop("no_keep", False) else None
    settings["sample_rate_hz"] = settings.pop("sample_rate", None)
    settings["system_prompt"] = settings.pop("system", None)
    assignments = settings.pop("settings", ())
    settings["settings"] = parse_settings(assignments) if assignments else None
    return settings


def _note(text: str) -> None:
    if text:
        from gramophone.cli.output import note

        note(text)


def finish(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command's work, and end the program with its exit code."""
    sys.exit(run(work))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run work and return its result; a failure is reported and ends the program.

    Exit codes: 1 for an error of ours, 130 (128 + SIGINT) for Ctrl+C, 141 (128 + SIGPIPE) where
    the reader of our output has gone.
    """
    from gramophone.cli.progress import ProgressBar
    from storage.sqlite.migration_progress import showing

    # Any command may be the first to open a library of an older version, which then is migrated.
    try:
        with showing(lambda: closing(ProgressBar(sys.stderr))):
            return asyncio.run(work)
    except GramophoneError as error:
        end_with(error)
    except BrokenPipeError:
        from gramophone.cli.output import discard_output

        discard_output()
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


def end_with(error: GramophoneError) -> NoReturn:
    """Report what failed, and end the program with 1."""
    from gramophone.cli.output import refuse

    refuse(error)


def quieten() -> None:
    """Keep messages of the sound libraries off stderr."""
    from gramophone.devices.stderr_guard import keep_native_noise_out

    keep_native_noise_out()
