"""Whether models take pictures: by the list of their endpoint, else as their server tells it."""

from __future__ import annotations

from typing import cast

from gramophone.app.context_windows import KINDS_BY_NAME
from gramophone.app.model_lists import ModelLists
from gramophone.config.endpoints import Endpoint
from gramophone.core.errors import ModelError
from gramophone.wire.llm.context_windows import ServerKind, listed_name


async def picture_support(lists: ModelLists, endpoint: Endpoint, model: str) -> bool | None:
    """Find out whether a model takes pictures; None where nobody tells, or nobody answers."""
    known = await lists.listed(endpoint, refresh=False)
    if known is None:
        return None
    name = listed_name(known.models, model)
    if (pictures := known.pictures.get(name)) is not None:
        return pictures
    server = cast("ServerKind", known.server) or KINDS_BY_NAME.get(endpoint.name, "")
    from gramophone.app.endpoint_clients import native_pictures_of

    try:
        return await native_pictures_of(endpoint).fetch(server, name or model)
    except ModelError:
        return None
