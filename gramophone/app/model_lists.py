"""Models that endpoints list, with their windows; fetched in the background, stored for a day."""

# The lists complete what a user types, and nothing waits for them: they are read from a file of the
# library's directory, and fetched where that has none, or an old one. A server without a list, or
# one that cannot be reached, is asked again at the next start. What servers call their models is
# text of strangers, also when it comes from the file.

from __future__ import annotations

import asyncio
import importlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
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

_FORMAT: Final = 2
_MOST_FILE_BYTES: Final = 16 * 2**20
_MOST_ENDPOINTS: Final = 100
_MOST_MODELS: Final = 20_000
_MOST_NAME_CHARS: Final = 200


@frozen
class StoredList:
    """A list of an endpoint at an address, fetched so many seconds after 1970.

    `windows` has the tokens that its models take, of those of which the list tells them, and
    `pictures` whether they take pictures. `server` is the kind of the server, where that may tell
    the others elsewhere.
    """

    address: str
    fetched_s: int
    models: tuple[str, ...]
    windows: Mapping[str, int] = field(default_factory=dict[str, int])
    server: str = ""
    pictures: Mapping[str, bool] = field(default_factory=dict[str, bool])


class ModelLists:
    """The lists of all endpoints. `names` may be called in any thread, the rest on one loop."""

    def __init__(
        self, home: Path, *, stored: bool, wall: Callable[[], datetime] = wall_clock
    ) -> None:
        """Read, and if `stored` write, the file in `home`; `wall` gives the time in UTC."""
        self._path = home / FILE_NAME
        self._stored = stored
        self._wall = wall
        self._lists: Mapping[str, StoredList] | None = None
        self._shown: Sequence[Endpoint] = ()
        self._names: Mapping[str, tuple[str, ...]] = MappingProxyType({})
        self._tried_s: dict[tuple[str, str], int] = {}
        self._locks = defaultdict[str, asyncio.Lock](asyncio.Lock)

    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The names known by now, by endpoint, in the order of its server."""
        return self._names

    async def refresh(self, endpoints: Sequence[Endpoint]) -> None:
        """Read the file, and fetch the lists of these endpoints that it has not, or are old."""
        self._shown = endpoints
        await self._load()
        self._show()
        if any(await asyncio.gather(*(self._update(endpoint) for endpoint in endpoints))):
            await self._save()

    async def listed(self, endpoint: Endpoint, *, refresh: bool) -> StoredList | None:
        """The list of an endpoint; None where there is none.

        It is fetched where it is missing or old; with `refresh`, also where it was fetched before
        the program began. No server is asked twice a day by one program.
        """
        await self._load()
        if await self._update(endpoint, refresh=refresh):
            await self._save()
        return self._list_of(endpoint)

    async def _load(self) -> None:
        async with self._locks[""]:
            if self._lists is None:
                self._lists = await asyncio.to_thread(_read, self._path)

    async def _update(self, endpoint: Endpoint, *, refresh: bool = False) -> bool:
        """Fetch the list of an endpoint, if it is to be; whether a new one came."""
        now_s = int(self._wall().timestamp())
        async with self._locks[f"list of {endpoint.name}"]:
            server = endpoint.name, endpoint.base_url
            if 0 <= now_s - self._tried_s.get(server, -FRESH_S) < FRESH_S:
                return False
            if self._is_fresh(endpoint, now_s) and not refresh:
                return False
            self._tried_s[server] = now_s
            # In a thread: it imports httpx, for which the loop that carries sound must not stop.
            await asyncio.to_thread(importlib.import_module, "gramophone.providers.llm.model_list")
            models = await _fetched(endpoint, now_s)
            if models is None:
                return False
            self._lists = {**(self._lists or {}), endpoint.name: models}
            self._show()
            return True

    async def _save(self) -> None:
        if self._stored:
            async with self._locks[""]:
                await asyncio.to_thread(_write, self._path, self._lists or {})

    def _show(self) -> None:
        lists = ((endpoint.name, self._list_of(endpoint)) for endpoint in self._shown)
        self._names = MappingProxyType({name: known.models for name, known in lists if known})

    def _list_of(self, endpoint: Endpoint) -> StoredList | None:
        known = (self._lists or {}).get(endpoint.name)
        return known if known is not None and known.address == endpoint.base_url else None

    def _is_fresh(self, endpoint: Endpoint, now_s: int) -> bool:
        known = self._list_of(endpoint)
        # A clock that was set back makes no list last longer.
        return known is not None and 0 <= now_s - known.fetched_s < FRESH_S


async def _fetched(endpoint: Endpoint, now_s: int) -> StoredList | None:
    from gramophone.app.endpoint_clients import model_list_of

    try:
        models = await model_list_of(endpoint).fetch()
    except ModelError:
        return None
    windows = {
        model.id: model.window.tokens
        for model in models
        if model.window.tokens is not None and model.window.certain
    }
    return StoredList(
        endpoint.base_url,
        now_s,
        tuple(model.id for model in models),
        windows,
        next((model.server for model in models if model.server), ""),
        {model.id: model.pictures for model in models if model.pictures is not None},
    )


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
    models = tuple(name for name in names if 0 < len(name) <= _MOST_NAME_CHARS)
    windows = as_object(fields.get("windows"))
    pictures = as_object(fields.get("pictures"))
    return StoredList(
        as_text(fields.get("address")),
        as_count(fields.get("fetched_s")),
        models,
        {name: tokens for name in models if (tokens := as_count(windows.get(name)))},
        as_text(fields.get("server")),
        {name: pictures[name] for name in models if isinstance(pictures.get(name), bool)},
    )


def _write(path: Path, lists: Mapping[str, StoredList]) -> None:
    from storage.export.atomic_file import atomic_write

    endpoints = {
        name: {
            "address": stored.address,
            "fetched_s": stored.fetched_s,
            "models": list(stored.models),
            "windows": dict(stored.windows),
            "server": stored.server,
            "pictures": dict(stored.pictures),
        }
        for name, stored in lists.items()
    }
    content = json.dumps({"format": _FORMAT, "endpoints": endpoints}, ensure_ascii=False)
    # Without the file they are fetched again: a full disk is reported where something is lost.
    with suppress(GramophoneError), atomic_write(path) as file:
        file.write(content.encode("utf-8", "replace"))
