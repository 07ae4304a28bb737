"""Properties of the endpoint behind a client: what sentences call it, and what goes to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, TypeAlias

from gramophone.core.clock import Clock, SystemClock
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import ModelSettings
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.window_query import AskWindow


def ignore_progress(detail: str) -> None:
    """Take progress that nobody follows."""


AskPictures: TypeAlias = Callable[[], Awaitable[bool | None]]
"""Asks whether the model takes pictures; None where nobody tells."""


@frozen(kw_only=True)
class EndpointOptions:
    """Options of a client; those that are empty leave the protocol's own.

    Attributes:
        title: what sentences call the endpoint.
        key_name: the environment variable its key comes from, for sentences.
        headers: sent with every request, to this endpoint alone.
        extra_body: put into every request, over what the protocol puts there.
        settings: temperature and the like.
        context_tokens: tokens of a request with its answer; None if only the server knows.
        ask_window: asks the server for them; None where it is not asked.
        pictures: whether the model takes pictures; None if only the server knows.
        picture_support: asks what the server tells of that, before the first request with pictures.
        memory: what earlier requests have shown of the endpoint; shared by its clients.
        progress: called with what a request waits for, and with "" when it goes on.
        clock: by which it waits.
    """

    title: str = ""
    key_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    settings: ModelSettings = field(default_factory=ModelSettings)
    context_tokens: int | None = None
    ask_window: AskWindow | None = field(default=None, compare=False)
    pictures: bool | None = None
    picture_support: AskPictures | None = None
    memory: EndpointMemory = field(default_factory=EndpointMemory, compare=False)
    progress: Callable[[str], None] = ignore_progress
    clock: Clock = field(default_factory=SystemClock, compare=False)
