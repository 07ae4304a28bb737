"""Clients of endpoints: one that asks for answers, and one for the list of models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from gramophone.config.config import Config
from gramophone.config.endpoints import LOCAL, Endpoint, Protocol
from gramophone.config.services import PROVIDERS
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import LanguageModel
from gramophone.providers.llm.anthropic_messages import ANTHROPIC_BASE_URL, AnthropicMessages
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.endpoint_options import AskPictures, EndpointOptions, ignore_progress
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.http_model import READ_TIMEOUT_S
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_model import OPENAI_BASE_URL
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.loopback import host_of

if TYPE_CHECKING:
    from gramophone.providers.llm.model_list import ModelList
    from gramophone.providers.llm.native_pictures import NativePictures
    from gramophone.providers.llm.native_window import NativeWindow
    from gramophone.providers.llm.window_query import AskWindow


_CLIENTS: Mapping[Protocol, type[OpenAIChat | OpenAIResponses | AnthropicMessages]] = {
    "chat": OpenAIChat,
    "responses": OpenAIResponses,
    "messages": AnthropicMessages,
}


def client_of(
    endpoint: Endpoint,
    model: str,
    settings: ModelSettings,
    memory: EndpointMemory | None = None,
    progress: Callable[[str], None] = ignore_progress,
    ask_window: AskWindow | None = None,
    picture_support: AskPictures | None = None,
) -> LanguageModel:
    """Make a client of an endpoint.

    `memory` is shared by its clients; `progress` gets what a request waits for; `ask_window` asks
    for the model's context, `picture_support` whether it takes pictures.
    """
    options = EndpointOptions(
        title=endpoint.title,
        key_name=endpoint.key_variable,
        headers=endpoint.headers,
        extra_body=endpoint.extra_body,
        settings=settings,
        context_tokens=endpoint.context_tokens,
        ask_window=ask_window,
        pictures=endpoint.pictures,
        picture_support=picture_support,
        memory=memory or EndpointMemory(),
        progress=progress,
    )
    return _CLIENTS[endpoint.protocol](
        model,
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        provider=endpoint.name,
        read_timeout_s=endpoint.timeout_s or READ_TIMEOUT_S,
        options=options,
    )


def checked_endpoints(config: Config, used: Collection[str] = ()) -> list[Endpoint]:
    """Endpoints that are set up: in the file, by their key or address, or as the provider.

    A server on this machine that a preset names may run or not, and is left out unless it is among
    those that were `used`.
    """
    set_up = {*config.endpoint_tables, *(name for name in PROVIDERS if name != LOCAL), *used}
    return [
        endpoint
        for name, endpoint in config.endpoints.items()
        if endpoint.usable and (endpoint.key or name in set_up or name == config.provider)
    ]


def model_list_of(endpoint: Endpoint) -> ModelList:
    """Make a client for the list of an endpoint's models."""
    # Imported here, because it imports httpx.
    from gramophone.providers.llm.model_list import ModelList

    return ModelList(*_access(endpoint), messages=endpoint.protocol == "messages")


def native_window_of(endpoint: Endpoint) -> NativeWindow:
    """Make a client for the windows of an endpoint's models where its list does not tell them."""
    from gramophone.providers.llm.native_window import NativeWindow

    return NativeWindow(*_access(endpoint))


def native_pictures_of(endpoint: Endpoint) -> NativePictures:
    """Make a client that asks whether an endpoint's models take pictures."""
    from gramophone.providers.llm.native_pictures import NativePictures

    return NativePictures(*_access(endpoint))


def _access(endpoint: Endpoint) -> tuple[str, ModelFailures, HeaderPolicy]:
    """Address, sentences and headers of an endpoint."""
    messages = endpoint.protocol == "messages"
    base_url = endpoint.base_url or (ANTHROPIC_BASE_URL if messages else OPENAI_BASE_URL)
    failures = ModelFailures(
        endpoint.title, endpoint.model, endpoint.key_variable, host_of(base_url), endpoint.key
    )
    headers = HeaderPolicy(base_url=base_url, key=endpoint.key, headers=endpoint.headers)
    return base_url, failures, headers
