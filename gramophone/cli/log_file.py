"""`--log FILE`: a log for bug reports, without texts and keys."""

from __future__ import annotations

import logging
import os
import platform
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from gramophone import __version__
from gramophone.app.event_log import OURS, Fact, FactsFormatter
from gramophone.core.errors import ConfigError

MOST_LOG_BYTES: Final = 10_000_000
"""Size at which a log is put aside as FILE.1, and another one begun."""

_log = logging.getLogger(__name__)


def open_log(path: Path) -> None:
    """Write the records of our packages to a file, which only its owner may read.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o600))
        handler = RotatingFileHandler(
            path, maxBytes=MOST_LOG_BYTES, backupCount=1, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise ConfigError(f"The log {path} cannot be written ({error.strerror}).") from error
    handler.setFormatter(FactsFormatter())
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
    _log.info(
        "Gramophone %s, Python %s, %s",
        *(Fact(fact) for fact in (__version__, platform.python_version(), platform.platform())),
    )
