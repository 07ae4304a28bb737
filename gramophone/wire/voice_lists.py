"""Names of voices in the lists that speech services give, in every shape that was seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gramophone.text.sanitize import plain_line
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

MOST_LIST_BYTES: Final = 4 * 2**20
MOST_VOICES: Final = 5_000
MOST_NAME_CHARS: Final = 200

_NAME_FIELDS: Final = ("id", "voice_id", "name", "voice")


def openai_voice_names(body: bytes) -> tuple[str, ...]:
    """Names in the answer to `GET /v1/audio/voices`, which OpenAI does not have.

    Kokoro-FastAPI gives a list of names below `voices`, others objects, or a list below `data`.
    """
    fields = read_object(b'{"voices":%b}' % body if body.lstrip().startswith(b"[") else body)
    entries = as_list(fields.get("voices")) or as_list(fields.get("data"))
    return _names(map(_name, entries))


def deepgram_voice_names(body: bytes) -> tuple[str, ...]:
    """Names in Deepgram's answer to `GET /v1/models`."""
    entries = map(as_object, as_list(read_object(body).get("tts")))
    return _names(as_text(entry.get("canonical_name")) for entry in entries)


def _name(entry: Any) -> str:
    fields = as_object(entry)
    return as_text(entry) or next(filter(None, (as_text(fields.get(f)) for f in _NAME_FIELDS)), "")


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Those that can be chosen and shown, each once."""
    plain = (plain_line(name).strip() for name in names)
    usable = (name for name in plain if 0 < len(name) <= MOST_NAME_CHARS and " " not in name)
    return tuple(dict.fromkeys(usable))[:MOST_VOICES]
