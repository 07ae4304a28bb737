"""Paths of the data directory and of `config.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs

from gramophone.core.errors import ConfigError


def locate(environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Paths of the data directory, and of the `config.toml` that is read.

    Raises:
        ConfigError: the data directory in GRAMOPHONE_HOME cannot be examined.
    """
    if named := environment.get("GRAMOPHONE_HOME", "").strip():
        try:
            home = Path(named).expanduser().absolute()
            if (own := home / "config.toml").exists():
                return home, own
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                f"GRAMOPHONE_HOME is {named!r}, which cannot be used ({reason}); name a directory "
                "that you may write to."
            ) from error
    else:
        home = Path(platformdirs.user_data_dir("gramophone", appauthor=False))
    return home, Path(platformdirs.user_config_dir("gramophone", appauthor=False)) / "config.toml"
