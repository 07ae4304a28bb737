"""Piper's voices in a folder: pairs of a model, `NAME.onnx`, and its settings, `NAME.onnx.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.system.regular_files import read_regular
from gramophone.wire.piper_settings import MOST_SETTINGS_BYTES, piper_language

MOST_MODELS: Final = 1_000


@frozen
class PiperModel:
    """One voice; `language` is its code without a region, such as `de`."""

    name: str
    language: str
    model_path: Path
    settings_path: Path


def piper_models(folder: Path) -> tuple[PiperModel, ...]:
    """The voices in a folder, by name; a pair that cannot be read is left out."""
    try:
        paths = sorted(folder.glob("*.onnx"))[:MOST_MODELS]
    except OSError:
        return ()
    models = (_model(path) for path in paths)
    return tuple(model for model in models if model is not None)


def model_for(models: Sequence[PiperModel], language: str, preferred: str) -> PiperModel | None:
    """The voice for a language: the preferred one if it speaks it, else the first that does."""
    fitting = [model for model in models if model.language == language]
    return next((model for model in fitting if model.name == preferred), next(iter(fitting), None))


def _model(path: Path) -> PiperModel | None:
    settings_path = path.with_name(f"{path.name}.json")
    try:
        settings = read_regular(settings_path, most_bytes=MOST_SETTINGS_BYTES)
        language = piper_language(settings, path.stem)
    except OSError:
        return None
    return PiperModel(path.stem, language, path, settings_path) if language else None
