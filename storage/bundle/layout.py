"""Names of a bundle's parts, its manifest, and the bounds on its size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.picture import MediaType
from gramophone.pictures.attachable import MOST_PICTURE_BYTES

FORMAT = "gramophone bundle"
VERSION = 2
"""Rises when an older reader would misread what is written."""

_VERSION_WITHOUT_PICTURES = 1
"""What is written where no picture is in it, so that older readers take it."""

SUFFIX = ".gramophone"
MANIFEST = "manifest.json"
SESSION = "session.json"
TURNS = "turns.jsonl"
EVENTS = "events.jsonl"
ROWS = (SESSION, TURNS, EVENTS)

# Bounds of a bundle. A bundle comes from anybody, and its reader must not need more memory, disk or
# time than an honest one of its size: the numbers are far above what a session can have, and each
# bounds something that is held or written before the file is known to be good. The directory of
# the zip is held (parts), a line is parsed as a whole (bytes and values), cut texts are held until
# they are restored, and unpacked bytes go to the disk.
MOST_PARTS = 20_000
MOST_ROW_BYTES = 1 << 30
MOST_MANIFEST_BYTES = 1 << 22
LONGEST_LINE_BYTES = 1 << 24
MOST_LINE_VALUES = 10_000
"""JSON values in a line; no event has fifty."""

MOST_TURNS = 100_000
MOST_CUT_CHARS = 1 << 23
"""Text of turns that an older version cut to what was heard; it is held until all is read."""

# Deflate packs up to 1:1032, so a small file could fill a disk. A writer whose compressed bundle
# would exceed the ratio stores all parts instead.
ALWAYS_ALLOWED_BYTES = 1 << 26
_LARGEST_RATIO = 200

_AUDIO = re.compile(r"audio/(0|[1-9][0-9]{0,6})\.(wav|flac)", re.ASCII)
_PICTURE = re.compile(r"pictures/([0-9a-f]{64})\.(?:png|jpg|gif|webp)", re.ASCII)
_SUFFIXES: Mapping[MediaType, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadBundle(StorageError):
    """A file that is not a bundle, is damaged, or holds something a bundle must not."""


@frozen
class BundlePart:
    """One part and what its bytes must be, unpacked."""

    name: str
    size_bytes: int
    sha256: str


@frozen
class SoundPart:
    """The part that has a turn's sound, as WAV or as FLAC."""

    part: BundlePart
    flac: bool


def audio_name(turn: int, *, flac: bool = False) -> str:
    """The part that holds the sound of a turn."""
    return f"audio/{turn}.{'flac' if flac else 'wav'}"


def audio_turn(name: str) -> tuple[int, bool] | None:
    """The turn a part's name stands for and whether it is FLAC; None for any other name."""
    match = _AUDIO.fullmatch(name)
    return (int(match[1]), match[2] == "flac") if match else None


def picture_name(sha256: str, media_type: MediaType) -> str:
    """The part that holds the file of a picture."""
    return f"pictures/{sha256}.{_SUFFIXES[media_type]}"


def picture_hash(name: str) -> str:
    """The hash of the picture that a part's name stands for; empty for any other name."""
    match = _PICTURE.fullmatch(name)
    return match[1] if match else ""


def is_sha256(text: object) -> bool:
    """Whether it is a hash in lower-case hexadecimal."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def most_unpacked_bytes(file_bytes: int) -> int:
    """Largest allowed unpacked size of a bundle of this size; writers keep to it as well."""
    return ALWAYS_ALLOWED_BYTES + _LARGEST_RATIO * file_bytes


def manifest_bytes(parts: list[BundlePart]) -> bytes:
    """The manifest, as it stands in the file."""
    listed = [
        {"name": part.name, "size_bytes": part.size_bytes, "sha256": part.sha256} for part in parts
    ]
    pictures = any(picture_hash(part.name) for part in parts)
    version = VERSION if pictures else _VERSION_WITHOUT_PICTURES
    manifest = {"format": FORMAT, "version": version, "parts": listed}
    return json.dumps(manifest, indent=1).encode() + b"\n"


def manifest_parts(data: bytes) -> list[BundlePart]:
    """Parts that a manifest lists.

    Raises:
        BadBundle: it is none, or a newer version wrote it.
    """
    try:
        manifest: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadBundle("its manifest cannot be read") from error
    members = _object(manifest)
    version = members.get("version")
    if members.get("format") != FORMAT or type(version) is not int or version < 1:
        raise BadBundle("its manifest is not that of a bundle")
    if version > VERSION:
        raise BadBundle(
            f"a newer Gramophone wrote it (bundle version {version}; this one reads up to "
            f"{VERSION}), so upgrade Gramophone"
        )
    listed = members.get("parts")
    if not isinstance(listed, list):
        raise BadBundle("its manifest lists no parts")
    return [_part(entry) for entry in cast("list[object]", listed)]


def _part(entry: object) -> BundlePart:
    members = _object(entry)
    name, size_bytes, sha256 = members.get("name"), members.get("size_bytes"), members.get("sha256")
    if not isinstance(name, str) or type(size_bytes) is not int or size_bytes < 0:
        raise BadBundle("its manifest describes a part that cannot be")
    picture = picture_hash(name)
    if name not in ROWS and audio_turn(name) is None and not picture:
        raise BadBundle(f"it holds a part that no bundle has, {name[:80]!r}")
    if not is_sha256(sha256):
        raise BadBundle(f"its manifest gives no hash for {name}")
    if picture and (sha256 != picture or size_bytes > MOST_PICTURE_BYTES):
        raise BadBundle(f"its part {name} is not the picture of that name")
    return BundlePart(name, size_bytes, cast("str", sha256))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadBundle("its manifest is not that of a bundle")
    return cast("dict[str, Any]", value)
