"""`chat`: the full-screen app over the engine thread."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from gramophone.app.engine_thread import EngineThread
from gramophone.app.keyring import missing_keys, with_stored_keys
from gramophone.app.preferences import FilePreferences
from gramophone.cli.output import note, refuse
from gramophone.cli.progress import ProgressBar
from gramophone.cli.project import load_in_project
from gramophone.cli.runner import settings_of
from gramophone.cli.web import end_with_the_server, in_web_page
from gramophone.config.config import Config
from gramophone.core.clock import wall_clock
from gramophone.core.errors import GramophoneError
from gramophone.devices.stderr_guard import keep_native_noise_out
from gramophone.ports.backend import ScreenSettings
from storage.home import Home
from storage.maintenance.orphaned_audio import stray_warning
from storage.recording.recorder import Recorder

if TYPE_CHECKING:
    from tui.app import GramophoneApp
    from tui.conversation.pane_grid import StoredTalk

_NO_FLAGS: Mapping[str, object] = MappingProxyType({})


def open_app() -> NoReturn:
    """Open the app with the settings in force; ends the program."""
    environment = with_stored_keys(os.environ)
    try:
        in_project = load_in_project(environment)
    except GramophoneError as error:
        if missing := missing_keys(environment):
            note(missing)
        refuse(error)
    try:
        sys.exit(run_app(in_project.config, in_project.sentence))
    except GramophoneError as error:
        refuse(error)


def run_app(
    config: Config,
    notice: str = "",
    flags: Mapping[str, object] = _NO_FLAGS,
    *,
    resume_last: bool = False,
) -> int:
    """Open the app, which shows `notice`; returns its exit code.

    The engine is stopped in whatever way the app ends. `flags` are the options of the command line,
    which stay when settings are changed in the app. With `resume_last` it goes on with the last
    session, by its own options but for those.
    """
    if not config.accessible and (sentence := _why_nothing_can_be_drawn()):
        note(sentence)
        return 1
    if in_web_page():
        end_with_the_server()
    try:
        recorder = _recorder(config) if config.keep else None
    except KeyboardInterrupt:
        return 130
    keep_native_noise_out()
    # Without a handler the standard one writes to stderr, which is the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    notices = [notice, _missing_keys(config), _strays(config), _kept_within(config)]
    backend = EngineThread(config, recorder)
    if config.accessible:
        from gramophone.cli.accessible import talk_in_lines

        return talk_in_lines(backend, notices)
    return _run_screen(_app(config, flags, backend, notices, resume_last=resume_last), backend)


def _why_nothing_can_be_drawn() -> str:
    """Sentence for the user where there is no terminal to draw on; empty where there is."""
    if in_web_page():
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "The app needs a terminal; without one use: gramophone ask TEXT"
    if not sys.stderr.isatty():
        return "The app draws on standard error; leave it on the terminal."
    return ""


def _run_screen(app: GramophoneApp, backend: EngineThread) -> int:
    try:
        app.run()
    finally:
        # Also after an exception: the thread is a daemon, so the end of the process would cut off
        # a recording that is not written yet.
        backend.stop()
        for sentence in backend.unseen_failures():
            note(sentence)
    return app.return_code or 0


def _app(
    config: Config,
    flags: Mapping[str, object],
    backend: EngineThread,
    notices: Sequence[str],
    *,
    resume_last: bool,
) -> GramophoneApp:
    from tui.app import GramophoneApp

    def reload() -> Config:
        return load_in_project(with_stored_keys(os.environ), **settings_of(flags)).config

    resume, missing = _last_talk(config, backend, flags) if resume_last else (None, "")
    return GramophoneApp(
        backend,
        screen=screen_settings(config),
        keep_theme=partial(keep_theme, config),
        preferences=FilePreferences(
            config, backend.play_sample, reload=reload, adopt=backend.adopt
        ),
        resume=resume,
        trouble=" ".join(filter(None, [missing, *notices])),
    )


def _recorder(config: Config) -> Recorder:
    """Open the recorder before the screen: where the library cannot be written, the terminal shows
    why, and the app does not open."""
    bar = ProgressBar(sys.stderr)
    try:
        return Recorder.open(
            config.home, redact=config.secrets, patterns=config.redact, progress=bar
        )
    finally:
        bar.close()


def _last_talk(
    config: Config, backend: EngineThread, flags: Mapping[str, object]
) -> tuple[StoredTalk | None, str]:
    """The last session as the app goes on with it; else a sentence why it does not."""
    from gramophone.cli.last_session import last_session
    from tui.conversation.pane_grid import StoredTalk
    from tui.conversation.resuming import continuation

    try:
        record, pictures = asyncio.run(last_session(config))
    except GramophoneError as error:
        return None, str(error)
    kinds = ("provider", "model", "voice", "system")
    named = [name for name in kinds if flags.get(name) or flags.get("persona")]
    choice, inherited = continuation(record, pictures, backend.choices(), named)
    # Where nothing is recorded, only the turns go on.
    return StoredTalk(record if config.keep else None, choice, inherited), ""


def _missing_keys(config: Config) -> str:
    return missing_keys({**os.environ, **config.api_keys})


def _strays(config: Config) -> str:
    return stray_warning(Home.at(config.home)) if config.keep else ""


def _kept_within(config: Config) -> str:
    """Remove sessions beyond the limits, if there are any; returns a sentence about it."""
    if not config.keep or not (config.keep_days or config.keep_gb):
        return ""
    from storage.maintenance.retention import Limits, keep_within

    limits = Limits(config.keep_days, config.keep_gb)
    return keep_within(Home.at(config.home), limits, wall_clock())


def screen_settings(config: Config) -> ScreenSettings:
    """Select the settings of the screen."""
    return ScreenSettings(
        theme=config.theme,
        reduced_motion=config.reduced_motion,
        meter_frames_hz=config.meter_frames_hz,
        notify=config.notify,
        keys=config.keys,
    )


def keep_theme(config: Config, name: str) -> None:
    """Write the theme into the settings for the next start."""
    from gramophone.config.file_writer import write_setting

    write_setting(config.config_file, "theme", name)
