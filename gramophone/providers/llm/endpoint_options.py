"""Properties of the endpoint behind a client: what sentences call it, and what goes to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings
from gramophone.wire.llm.think_tags import ThinkTagMemory


@frozen(kw_only=True)
class EndpointOptions:
    """Options of a client; those that are empty leave the protocol's own.

    Attributes:
        title: what sentences call the endpoint.
        key_name: the environment variable its key comes from, for sentences.
        headers: sent with every request, to this endpoint alone.
        extra_body: put into every request, over what the protocol puts there.
        settings: temperature and the like.
        think_tags: memory of this endpoint and model; None for one of the client's own.
    """

    title: str = ""
    key_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: ModelSettings = field(default_factory=ModelSettings)
    think_tags: ThinkTagMemory | None = field(default=None, repr=False, compare=False)
