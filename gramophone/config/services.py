"""The services that can be configured, as one table: language models, and Deepgram for speech.

From it follow the choices of `--provider` and its default, default models, environment variables,
settings of addresses, accounts of the keyring, the keys that `doctor` looks for, and the values
that are redacted (`Config.secrets`). A service of the table needs the fields of `Config` that
`key_setting` and `base_url_setting` name.
"""

from __future__ import annotations

from typing import Final

from gramophone.core.frozen import frozen


@frozen(kw_only=True)
class ServiceEntry:
    """A provider of language models, or a service that speaks.

    Attributes:
        name: what stands in the settings and in stored sessions.
        title: what people call it.
        key_variable: environment variable of its key; empty where it takes none.
        base_url_variable: environment variable of its address; empty where that cannot be changed.
        models: known language models, the default first; empty where it has none.
    """

    name: str
    title: str
    key_variable: str = ""
    base_url_variable: str = ""
    models: tuple[str, ...] = ()

    @property
    def key_setting(self) -> str:
        """The field of `Config` that holds the key."""
        return f"{self.name}_key"

    @property
    def base_url_setting(self) -> str:
        """The field of `Config` that holds the address, and its name in `config.toml`."""
        return f"{self.name}_base_url"


SERVICES: Final = (
    ServiceEntry(
        name="openai",
        title="OpenAI",
        key_variable="OPENAI_API_KEY",
        base_url_variable="OPENAI_BASE_URL",
        models=("gpt-5-mini", "gpt-5-nano", "gpt-5"),
    ),
    ServiceEntry(
        name="anthropic",
        title="Anthropic",
        key_variable="ANTHROPIC_API_KEY",
        base_url_variable="ANTHROPIC_BASE_URL",
        models=("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"),
    ),
    # The last of those with models: it needs nothing, so it is the default where nothing is set.
    ServiceEntry(name="local", title="The embedded model", models=("smollm2-135m-instruct",)),
    ServiceEntry(name="deepgram", title="Deepgram", key_variable="DEEPGRAM_API_KEY"),
)
"""In the order in which a default is looked for, and in which people see them."""

PROVIDERS: Final = {service.name: service for service in SERVICES if service.models}
"""Services with language models, by name."""

KEYED_SERVICES: Final = tuple(service for service in SERVICES if service.key_variable)
ADDRESSED_SERVICES: Final = tuple(service for service in SERVICES if service.base_url_variable)

DEFAULT_MODELS: Final = {name: service.models[0] for name, service in PROVIDERS.items()}
"""Default language model by provider."""
