"""Names of the models that endpoints list, fetched in the background and stored for a day."""

# The lists complete what a user types, and nothing waits for them: they are read from a file of the
# library's directory, and fetched where that has none, or an old one. A server without a list, or
# one that cannot be reached, is asked again at the next start. What servers call their models is
# text of strangers, also when it comes from the file.

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gramophone.config.endpoints import Endpoint
from gramophone.core.clock import wall_clock
from gramophone.core.errors import GramophoneError, ModelError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import read_regular
from gramophone.text.sanitize import plain_line
from gramophone.wire.lenient_json import as_count, as_list, as_object, as_text, read_object

FILE_NAME: Final = "models.json"
FRESH_S: Final = 86_400
"""Seconds for which a list is not fetched again."""

_FORMAT: Final = 1
_MOST_FILE_BYTES: Final = 16 * 2**20
_MOST_ENDPOINTS: Final = 100
_MOST_MODELS: Final = 20_000
_MOST_NAME_CHARS: Final = 200


@frozen
class StoredList:
    """A list of an endpoint at an address, fetched so many seconds after 1970."""

    address: str
    fetched_s: int
    models: tuple[str, ...]


class ModelLists:
    """The lists of all endpoints. `names` may be called in any thread."""

    def __init__(
        self, home: Path, *, stored: bool, wall: Callable[[], datetime] = wall_clock
    ) -> None:
        """Read, and if `stored` write, the file in `home`; `wall` gives the time in UTC."""
        self._path = home / FILE_NAME
        self._stored = stored
        self._wall = wall
        self._lists: Mapping[str, StoredList] = {}
        self._names: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The names known by now, by endpoint, in the order of its server."""
        return self._names

    async def refresh(self, endpoints: Sequence[Endpoint]) -> None:
        """Read the file, and fetch the lists of these endpoints that it has not, or are old."""
        self._lists = await asyncio.to_thread(_read, self._path)
        self._show(endpoints)
        now_s = int(self._wall().timestamp())
        stale = [endpoint for endpoint in endpoints if not self._is_fresh(endpoint, now_s)]
        if not stale:
            return
        # In a thread: it imports httpx, for which the loop that carries sound must not stop.
        await asyncio.to_thread(importlib.import_module, "gramophone.providers.llm.model_list")
        fetched = await asyncio.gather(*(_fetched(endpoint, now_s) for endpoint in stale))
        new = {
            endpoint.name: models
            for endpoint, models in zip(stale, fetched, strict=True)
            if models is not None
        }
        if new:
            self._lists = {**self._lists, **new}
            self._show(endpoints)
            if self._stored:
                await asyncio.to_thread(_write, self._path, self._lists)

    def _show(self, endpoints: Sequence[Endpoint]) -> None:
        self._names = MappingProxyType(
            {
                endpoint.name: self._lists[endpoint.name].models
                for endpoint in endpoints
                if self._has(endpoint)
            }
        )

    def _has(self, endpoint: Endpoint) -> bool:
        stored = self._lists.get(endpoint.name)
        return stored is not None and stored.address == endpoint.base_url

    def _is_fresh(self, endpoint: Endpoint, now_s: int) -> bool:
        # A clock that was set back makes no list last longer.
        return self._has(endpoint) and 0 <= now_s - self._lists[endpoint.name].fetched_s < FRESH_S


async def _fetched(endpoint: Endpoint, now_s: int) -> StoredList | None:
    from gramophone.app.endpoint_clients import model_list_of

    try:
        models = await model_list_of(endpoint).fetch()
    except ModelError:
        return None
    return StoredList(endpoint.base_url, now_s, tuple(model.id for model in models))


# --- the file ---------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, StoredList]:
    """The lists of a file; none where it is missing, damaged, or of a later version."""
    try:
        content = read_object(read_regular(path, most_bytes=_MOST_FILE_BYTES))
    except (OSError, RecursionError):
        return {}
    if content.get("format") != _FORMAT:
        return {}
    endpoints = list(as_object(content.get("endpoints")).items())[:_MOST_ENDPOINTS]
    return {name: _list(as_object(fields)) for name, fields in endpoints}


def _list(fields: dict[str, Any]) -> StoredList:
    names = (plain_line(as_text(name)) for name in as_list(fields.get("models"))[:_MOST_MODELS])
    return StoredList(
        as_text(fields.get("address")),
        as_count(fields.get("fetched_s")),
        tuple(name for name in names if 0 < len(name) <= _MOST_NAME_CHARS),
    )


def _write(path: Path, lists: Mapping[str, StoredList]) -> None:
    from storage.export.atomic_file import atomic_write

    endpoints = {
        name: {
            "address": stored.address,
            "fetched_s": stored.fetched_s,
            "models": list(stored.models),
        }
        for name, stored in lists.items()
    }
    content = json.dumps({"format": _FORMAT, "endpoints": endpoints}, ensure_ascii=False)
    # Without the file they are fetched again: a full disk is reported where something is lost.
    with suppress(GramophoneError), atomic_write(path) as file:
        file.write(content.encode("utf-8", "replace"))
