"""Clients of endpoints: one that asks for answers, and one for the list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gramophone.config.endpoints import Endpoint
from gramophone.core.errors import ConfigError
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import LanguageModel
from gramophone.providers.llm.anthropic_messages import ANTHROPIC_BASE_URL, AnthropicMessages
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.http_model import READ_TIMEOUT_S
from gramophone.providers.llm.openai_chat import OPENAI_BASE_URL, OpenAIChat
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.loopback import host_of

if TYPE_CHECKING:
    from gramophone.providers.llm.model_list import ModelList


def client_of(endpoint: Endpoint, model: str, settings: ModelSettings) -> LanguageModel:
    """Make a client of an endpoint.

    Raises:
        ConfigError: there is no client for its protocol.
    """
    options = EndpointOptions(
        title=endpoint.title,
        key_name=endpoint.key_variable,
        headers=endpoint.headers,
        extra_body=endpoint.extra_body,
        settings=settings,
    )
    timeout_s = endpoint.timeout_s or READ_TIMEOUT_S
    match endpoint.protocol:
        case "chat":
            return OpenAIChat(
                model,
                api_key=endpoint.key,
                base_url=endpoint.base_url,
                provider=endpoint.name,
                read_timeout_s=timeout_s,
                options=options,
            )
        case "messages":
            return AnthropicMessages(
                model,
                api_key=endpoint.key,
                base_url=endpoint.base_url,
                provider=endpoint.name,
                read_timeout_s=timeout_s,
                options=options,
            )
        case "responses":
            raise ConfigError(
                f"The endpoint {endpoint.name} speaks Responses, for which there is no client; "
                'write protocol = "chat".'
            )


def model_list_of(endpoint: Endpoint) -> ModelList:
    """Make a client for the list of an endpoint's models."""
    # Imported here, because it imports httpx.
    from gramophone.providers.llm.model_list import ModelList

    messages = endpoint.protocol == "messages"
    base_url = endpoint.base_url or (ANTHROPIC_BASE_URL if messages else OPENAI_BASE_URL)
    failures = ModelFailures(
        endpoint.title, endpoint.model, endpoint.key_variable, host_of(base_url), endpoint.key
    )
    headers = HeaderPolicy(base_url=base_url, key=endpoint.key, headers=endpoint.headers)
    return ModelList(base_url, failures, headers, messages=messages)
