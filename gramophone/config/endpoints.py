"""Endpoints of language models by name: those of the program, presets, and `[endpoints.NAME]`.

A table of `config.toml` adds an endpoint, or changes what is known of one that has its name. The
key of an endpoint comes from its own environment variable, and goes to its address alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final, Literal, TypeAlias, cast

from gramophone.config.endpoint_addresses import check_base_url, check_headers
from gramophone.config.named_tables import Tables, checked_timeout_s
from gramophone.config.services import PROVIDERS
from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.core.model_settings import SETTING_NAMES, ModelSettings

Protocol: TypeAlias = Literal["chat", "responses", "messages"]
PROTOCOLS: Final = ("chat", "responses", "messages")
"""Chat Completions and Responses (OpenAI's), and Messages (Anthropic's)."""

LEAST_CONTEXT_TOKENS: Final = 256

ENDPOINT_ENTRIES: Final[Mapping[str, tuple[type, ...]]] = {
    "base_url": (str,),
    "protocol": (str,),
    "key_env": (str,),
    "model": (str,),
    "headers": (dict,),
    "extra_body": (dict,),
    "timeout_s": (int, float),
    "tools": (bool,),
    "context_tokens": (int,),
    "pictures": (bool,),
    "fallback": (list,),
    "temperature": (int, float),
    "top_p": (int, float),
    "reasoning_effort": (str,),
    "max_tokens": (int,),
    "seed": (int,),
}
"""Entries of a table `[endpoints.NAME]`, and the types that they may have."""

LOCAL: Final = "local"
"""The embedded model: it has no address, and of a table's entries only those of its answers."""

RESERVED_NAMES: Final = frozenset({"none", "text", "langchain"})
"""Names that stand for something else where a provider is named."""

_ENTRIES_OF_LOCAL: Final = frozenset({"temperature", "top_p", "max_tokens", "seed", "fallback"})
_SECRET_HEADERS: Final = ("auth", "key", "token", "secret", "cookie", "password")


@frozen(kw_only=True)
class Endpoint:
    """A server that language models are asked at.

    Attributes:
        name: what stands in settings and in stored sessions.
        title: what sentences call it.
        protocol: how it is spoken to.
        base_url: its address, without the path of the protocol; empty for the protocol's own.
        key_variable: environment variable of its key.
        key: empty where it wants none; then no request has a header for it.
        needs_key: whether it is refused without a key.
        model: asked where no other is named; empty where one must be named.
        models: known ones.
        headers: sent with every request.
        extra_body: put into every request, over what the protocol puts there.
        timeout_s: how long a stream may stay silent; None for the usual time.
        tools: whether its models may be offered tools.
        context_tokens: tokens that a request and its answer may have together; None if unknown.
        pictures: whether its models take pictures; None if unknown.
        fallback: endpoints that are asked instead, in this order, when this one fails.
        settings: of each request.
    """

    name: str
    title: str
    protocol: Protocol = "chat"
    base_url: str = ""
    key_variable: str = ""
    key: str = field(default="", repr=False)
    needs_key: bool = False
    model: str = ""
    models: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    timeout_s: float | None = None
    tools: bool = True
    context_tokens: int | None = None
    pictures: bool | None = None
    fallback: tuple[str, ...] = ()
    settings: ModelSettings = field(default_factory=ModelSettings)

    @property
    def usable(self) -> bool:
        """Whether it has the key that it needs."""
        return bool(self.key) or not self.needs_key

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its key, and the values of headers that hold one."""
        values = [
            value
            for name, value in self.headers.items()
            if any(part in name.lower() for part in _SECRET_HEADERS)
        ]
        return tuple(filter(None, (self.key, *values)))


def _server(name: str, title: str, port: int, model: str = "") -> Endpoint:
    return Endpoint(
        name=name,
        title=title,
        base_url=f"http://127.0.0.1:{port}/v1",
        key_variable=own_key_variable(name),
        model=model,
        models=(model,) if model else (),
    )


def _service(name: str, title: str, base_url: str, model: str = "") -> Endpoint:
    return Endpoint(
        name=name,
        title=title,
        base_url=base_url,
        key_variable=f"{name.upper()}_API_KEY",
        needs_key=True,
        model=model,
        models=(model,) if model else (),
    )


def own_key_variable(name: str) -> str:
    """Environment variable of an endpoint's key where the settings name no other."""
    return f"GRAMOPHONE_{name.upper().replace('-', '_')}_KEY"


PRESETS: Final[Mapping[str, Endpoint]] = {
    preset.name: preset
    for preset in (
        _server("ollama", "Ollama", 11434),
        # It answers with the model that it was started with, whatever the name.
        _server("llamacpp", "llama.cpp", 8080, "default"),
        _server("vllm", "vLLM", 8000),
        _server("lmstudio", "LM Studio", 1234),
        _service("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "openrouter/auto"),
        _service("groq", "Groq", "https://api.groq.com/openai/v1"),
        _service("mistral", "Mistral", "https://api.mistral.ai/v1", "mistral-small-latest"),
        _service("gemini", "Gemini", "https://generativelanguage.googleapis.com/v1beta/openai"),
        _service("deepseek", "DeepSeek", "https://api.deepseek.com"),
    )
}
"""Endpoints that need one word. They are asked when they are named, never by default."""


def title_of(name: str) -> str:
    """Name of an endpoint in sentences, where its address is its own."""
    return PRESETS[name].title if name in PRESETS else _title_of_own(name)


def _title_of_own(name: str) -> str:
    return f"The endpoint {name}"


def built_in(name: str, *, key: str, base_url: str) -> Endpoint:
    """The endpoint `openai` or `anthropic`; an address of one's own needs no key."""
    service = PROVIDERS[name]
    return Endpoint(
        name=name,
        # Another server at this address is not the service, and no sentence may blame that.
        title=_title_of_own(name) if base_url else service.title,
        protocol="messages" if name == "anthropic" else "chat",
        base_url=base_url,
        key_variable=service.key_variable,
        key=key,
        needs_key=not base_url,
        model=service.models[0],
        models=() if base_url else service.models,
    )


def key_variables(tables: Tables) -> dict[str, str]:
    """Environment variables that hold keys, by endpoint: of presets, and of a file's tables."""
    variables = {name: preset.key_variable for name, preset in PRESETS.items()}
    for name, table in tables.items():
        if name != LOCAL:
            usual = variables.get(name) or own_key_variable(name)
            if name in PROVIDERS:
                usual = PROVIDERS[name].key_variable
            variables[name] = str(table.get("key_env") or usual)
    return variables


def read_endpoints(
    tables: Tables, built_in_endpoints: Mapping[str, Endpoint], environment: Mapping[str, str]
) -> dict[str, Endpoint]:
    """Every endpoint by name: of the program, of the file in its order, then the other presets.

    Args:
        tables: as `read_named_tables` returns them.
        built_in_endpoints: `openai` and `anthropic`, with their keys.
        environment: holds the keys of the others, and what headers take from it.

    Raises:
        ConfigError: a table has a value that cannot be used.
    """
    endpoints = dict(built_in_endpoints)
    variables = key_variables(tables)
    for name, table in tables.items():
        if name == LOCAL:
            _check_local(table)
            continue
        known = endpoints.get(name) or PRESETS.get(name)
        endpoints[name] = _changed(name, known, table, variables[name], environment)
    for name, preset in PRESETS.items():
        key = environment.get(preset.key_variable, "").strip()
        endpoints.setdefault(name, replace(preset, key=key))
    for endpoint in endpoints.values():
        for other in endpoint.fallback:
            _check_fallback(endpoint.name, other, endpoints)
    return endpoints


def settings_of(tables: Tables, name: str) -> ModelSettings:
    """Settings of requests that a table has.

    Raises:
        ConfigError: a value is wrong.
    """
    settings = ModelSettings()
    try:
        for entry, value in tables.get(name, {}).items():
            if entry in SETTING_NAMES:
                settings = settings.with_value(entry, value)
    except ConfigError as error:
        raise ConfigError(f"[endpoints.{name}] {error}") from error
    return settings


def fallback_of(table: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the endpoints that are asked when this one fails."""
    return tuple(str(name) for name in cast("list[object]", table.get("fallback", [])))


def _changed(
    name: str,
    known: Endpoint | None,
    table: Mapping[str, Any],
    key_variable: str,
    environment: Mapping[str, str],
) -> Endpoint:
    where = f"[endpoints.{name}]"
    endpoint = _with_address(where, known or Endpoint(name=name, title=""), table)
    built_in_key = endpoint.key if "key_env" not in table else ""
    model = str(table.get("model", endpoint.model))
    others = tuple(other for other in endpoint.models if other != model)
    return replace(
        endpoint,
        key_variable=key_variable,
        key=environment.get(key_variable, "").strip() or built_in_key,
        needs_key=endpoint.needs_key or "key_env" in table,
        model=model,
        models=(model, *others) if model else others,
        headers=_headers(where, table.get("headers", {}), environment),
        extra_body=table.get("extra_body", {}),
        timeout_s=checked_timeout_s(where, table.get("timeout_s")),
        tools=table.get("tools", endpoint.tools),
        context_tokens=_context_tokens(where, table.get("context_tokens")),
        pictures=table.get("pictures", endpoint.pictures),
        fallback=fallback_of(table),
        settings=settings_of({name: table}, name),
    )


def _with_address(where: str, endpoint: Endpoint, table: Mapping[str, Any]) -> Endpoint:
    """The endpoint with the address and the protocol of its table."""
    protocol = table.get("protocol", endpoint.protocol)
    if protocol not in PROTOCOLS:
        raise ConfigError(
            f"{where} protocol is {protocol!r:.60}; it must be chat (Chat Completions), responses "
            "or messages (Anthropic's)."
        )
    base_url = str(table.get("base_url", endpoint.base_url))
    if not base_url and not endpoint.title:
        raise ConfigError(
            f"{where} has no base_url; write the server's address, for example base_url = "
            '"http://127.0.0.1:8080/v1".'
        )
    if base_url:
        check_base_url(f"{where} base_url", base_url, protocol)
    endpoint = replace(endpoint, protocol=protocol)
    if base_url == endpoint.base_url:
        return endpoint
    # Another server: it is not to be blamed by the name of the service, and may want no key.
    title = _title_of_own(endpoint.name)
    return replace(endpoint, base_url=base_url, title=title, needs_key=False)


def _headers(
    where: str, headers: Mapping[str, object], environment: Mapping[str, str]
) -> dict[str, str]:
    """Headers of a table; a value of `$NAME` is that of an environment variable."""
    texts: dict[str, str] = {}
    for name, value in headers.items():
        if isinstance(value, str) and value.startswith("$"):
            value = environment.get(value[1:], "").strip()
            if not value:
                raise ConfigError(
                    f"{where} headers: {headers[name]!r:.60} of {name!r:.60} is not set in the "
                    "environment; set it, or remove the header."
                )
        texts[name] = value if isinstance(value, str) else ""
    check_headers(where, texts)
    return texts


def _context_tokens(where: str, tokens: Any) -> int | None:
    if tokens is not None and not LEAST_CONTEXT_TOKENS <= tokens <= 10**9:
        raise ConfigError(
            f"{where} context_tokens is {tokens!r:.40}; it must be at least {LEAST_CONTEXT_TOKENS}."
        )
    return tokens


def _check_local(table: Mapping[str, object]) -> None:
    for entry in table:
        if entry not in _ENTRIES_OF_LOCAL:
            raise ConfigError(
                f"[endpoints.{LOCAL}] is the embedded model, which has no {entry!r:.60}; choose "
                "another name for a server of your own."
            )


def _check_fallback(name: str, other: str, endpoints: Mapping[str, Endpoint]) -> None:
    if other == name or other not in (*endpoints, LOCAL):
        raise ConfigError(
            f"[endpoints.{name}] fallback names {other[:60]!r}; it must be another endpoint, one "
            f"of {', '.join((*endpoints, LOCAL))}."
        )
