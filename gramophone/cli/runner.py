"""What every command does: settings read, work run to its exit code, failures said once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import closing
from typing import Any, NoReturn

import click

from gramophone.app.keyring import missing_keys, with_stored_keys
from gramophone.config.config import Config, load
from gramophone.core.errors import ConfigError, GramophoneError

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def configured(flags: dict[str, Any] | None = None, *, on_screen: bool = False) -> Config:
    """What is set; the app tells `on_screen` which keys are missing."""
    told = dict(flags or {})
    told["muted"] = told.pop("mute", False) or None
    told["keep"] = False if told.pop("no_keep", False) else None
    told["sample_rate_hz"] = told.pop("sample_rate", None)
    environment = with_stored_keys(os.environ)
    missing = missing_keys(environment)
    try:
        config = load(environment, **told)
    except ConfigError as error:
        _note(missing)
        refused(error)
        raise
    if not on_screen:
        _note(missing)
    return config


def _note(text: str) -> None:
    if text:
        from gramophone.cli.output import note

        note(text)


def finish(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command's work, and end with its exit code."""
    sys.exit(carried_out(work))


def carried_out(work: Coroutine[Any, Any, Any]) -> Any:
    """What the work gives; a failure is said, and ends the program."""
    from gramophone.cli.progress import Updating
    from storage.sqlite.migration_progress import showing

    try:
        with showing(lambda: closing(Updating(sys.stderr))):
            return asyncio.run(work)
    except GramophoneError as error:
        refused(error)
    except BrokenPipeError:
        # Whoever read us has gone; the interpreter must not try stdout again on its way out.
        sys.stdout = None
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def refused(error: GramophoneError) -> None:
    """Say what failed, and end with 1."""
    from gramophone.cli.output import refuse

    refuse(error)


def quieten() -> None:
    """Keep what the libraries of sound say off stderr."""
    from gramophone.devices.stderr_guard import keep_native_noise_out

    keep_native_noise_out()
