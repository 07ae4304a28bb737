"""Settings of a voice of Piper: the JSON that lies beside its model."""

from __future__ import annotations

from typing import Final

from gramophone.wire.lenient_json import as_object, as_text, read_object

PACKAGED_LANGUAGE: Final = "en"
"""Language of the voice that comes as a package."""

MOST_SETTINGS_BYTES: Final = 2**20


def piper_language(settings: bytes, name: str) -> str:
    """Give the code of a voice's language, without a region; "" where neither the settings nor the
    name of the voice has one."""
    fields = read_object(settings)
    code = (
        as_text(as_object(fields.get("language")).get("code"))
        or as_text(as_object(fields.get("espeak")).get("voice"))
        or name
    )
    return code.replace("-", "_").partition("_")[0].lower()
