"""`doctor --bundle FILE`: one zip for a bug report, without texts, keys and addresses."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from gramophone import __version__
from gramophone.config.config import Config
from gramophone.config.file_reader import read_settings
from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.system.regular_files import read_regular
from storage.maintenance.schema_facts import schema_facts

MOST_LOG_BYTES: Final = 11_000_000

_KEPT: Final = frozenset(
    """
    version provider model voice protocol persona language lang theme memory name endpoint
    reasoning_effort piper piper_voice xllamacpp local_model
    """.split()
)
"""Settings and findings whose text is a name."""

_USERS_OWN: Final = frozenset({"headers", "extra_body"})
"""Tables of which even the names of the entries are the user's."""

_DISTRIBUTIONS: Final = (
    *("aiosqlite", "anthropic", "click", "httpx", "numpy", "openai", "pyaudio", "soundfile"),
    *("soxr", "textual", "tomlkit", "websockets", "piper-tts", "xllamacpp", "langchain-core"),
)


def write_bug_report(
    target: Path, config: Config, findings: Mapping[str, Any], log: Path | None
) -> None:
    """Write versions, settings, findings of `doctor`, facts of the database, and the log.

    Raises:
        ConfigError: the file exists already or cannot be written, or the log cannot be read.
    """
    parts = {
        "versions.json": _json(_versions()),
        "settings.json": _json(_settings(config)),
        "doctor.json": _json(without_texts(findings)),
        "database.json": _json(schema_facts(config.home)),
    }
    try:
        if log is not None:
            parts["log.txt"] = read_regular(log, most_bytes=MOST_LOG_BYTES).decode(errors="replace")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name, text, zipfile.ZIP_DEFLATED)
    except OSError as error:
        name = error.filename or target
        raise ConfigError(f"{name} cannot be used for the report ({error.strerror}).") from error


def without_texts(value: Any, name: str = "") -> Any:
    """The value with every text replaced by its length, but for names of models and the like."""
    if isinstance(value, Mapping):
        if name in _USERS_OWN:
            return f"({len(cast('Mapping[str, Any]', value))} entries)"
        items = cast("Mapping[str, Any]", value).items()
        return {str(key): without_texts(part, str(key)) for key, part in items}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [without_texts(part, name) for part in cast("Sequence[Any]", value)]
    if isinstance(value, str):
        return _text(value, name)
    return value if isinstance(value, bool | int | float | None) else f"({type(value).__name__})"


def _text(text: str, name: str) -> str:
    if "://" in text:
        return _address(text)
    if not text or (name in _KEPT and len(text) <= 80 and not set(text) & set("/\\@ \n")):
        return text
    return f"({len(text)} characters)"


def _address(text: str) -> str:
    """Kind of an address: whether it is this machine's, and how its path ends."""
    try:
        parts = urlsplit(text)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return "(not an address)"
    return f"({parts.scheme[:10]}, {'this machine' if local else 'another machine'})"


def _settings(config: Config) -> Any:
    try:
        return without_texts(read_settings(config.config_file))
    except GramophoneError:
        return "(the file cannot be read)"


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {
        "gramophone": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "terminal": os.environ.get("TERM", "")[:40],
    }
    for distribution in _DISTRIBUTIONS:
        try:
            versions[distribution] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            versions[distribution] = None
    return versions


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"
