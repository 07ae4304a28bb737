"""A session as one page that plays: text, sound and all it needs in a single file.

The page asks nothing of any network and runs one script, its own, which its policy knows by hash.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Generator, Iterable, Mapping
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from gramophone.library.export_request import ExportRequest
from storage.export.excerpt_audio import ReportProgress
from storage.export.formats.html.audio import TYPE, PageSound, page_sound
from storage.export.formats.html.elements import embedded_json, escaped, written
from storage.export.formats.html.text import harmless_line
from storage.export.formats.html.turns import facts, turn_elements
from storage.export.stored_session import ExportedSession

if TYPE_CHECKING:
    from storage.export.excerpt import Excerpt

_MARK = re.compile(r"\{\{(\w+)\}\}")


def write_html(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    order: ExportRequest,
    progress: ReportProgress,
) -> None:
    """Write a page of the session; without sound when nothing was spoken.

    Raises:
        StorageError: some of the sound is not there, or is of a kind that pages cannot hold.
    """
    for session in sessions:
        if session.excerpt.samples:
            with page_sound(session, progress) as sound:
                _write(session, file, sound, thoughts=order.thoughts)
        else:
            _write(session, file, None, thoughts=order.thoughts)


def _write(
    session: ExportedSession, file: BinaryIO, sound: PageSound | None, *, thoughts: bool
) -> None:
    excerpt = session.excerpt if sound is None else session.timed_excerpt
    parts: dict[str, Iterable[bytes]] = {
        "policy": _plain(_policy()),
        "title": _plain(harmless_line(excerpt.record.summary.title) or "A conversation"),
        "style": [_asset("page.css").encode()],
        "facts": _encoded(written(facts(excerpt))),
        "turns": _encoded(
            chain.from_iterable(turn_elements(excerpt, session.picture, thoughts=thoughts))
        ),
        "sound": _audio(sound),
        "data": [_data(excerpt, sound).encode()],
        "script": [_asset("page.js").encode()],
    }
    for number, part in enumerate(_MARK.split(_asset("page.html"))):
        if number % 2 == 0:
            file.write(part.encode())
        else:
            file.writelines(parts[part])


def _audio(sound: PageSound | None) -> Generator[bytes]:
    if sound is not None:
        yield f'<audio id="sound" controls preload="auto" src="data:{TYPE};base64,'.encode()
        yield from sound.base64()
        yield b'"></audio>'


def _data(excerpt: Excerpt, sound: PageSound | None) -> str:
    peaks = sound.peaks.hex() if sound is not None else ""
    return embedded_json({"duration_ms": excerpt.duration_us // 1000, "peaks": peaks})


def _policy() -> str:
    rules: Mapping[str, str] = {
        "default-src": "'none'",
        "script-src": _hash(_asset("page.js")),
        "style-src": _hash(_asset("page.css")),
        "media-src": "data:",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return "; ".join(f"{name} {rule}" for name, rule in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    # Imported when first used, as all of it that the app's first frame does not need.
    from importlib.resources import files

    return (
        files("storage.export.formats.html").joinpath("template", name).read_text(encoding="utf-8")
    )


def _plain(text: str) -> list[bytes]:
    return [escaped(text).encode()]


def _encoded(parts: Iterable[str]) -> Generator[bytes]:
    for part in parts:
        yield part.encode()
