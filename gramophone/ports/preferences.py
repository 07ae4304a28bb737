"""The settings as the screen sees them: values, and the Protocol that stores them.

Settings stand in `config.toml` (see `gramophone.config.file_writer`) and hold from the next start;
those of the screen alone it applies at once. A service's key passes this way only towards the
keyring, never back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from gramophone.core.frozen import frozen

Value: TypeAlias = str | int | float | bool

KeyLocation: TypeAlias = Literal["", "environment", "keyring"]
"""Place of a service's key: nowhere, in an environment variable, in the keyring."""


@frozen
class Preference:
    """A setting as `config.toml` has it, or its default where the file has none.

    Attributes:
        is_set: whether the file has it.
        overruled_by: the environment variable that wins over the file, if one does.
    """

    value: Value
    is_set: bool = False
    overruled_by: str = ""


@frozen
class Account:
    """A service that needs a key; `variable` is the environment variable that may hold it.

    `in_file` are entries of an endpoint that are set in the file alone, such as `headers`.
    """

    name: str
    title: str
    variable: str
    location: KeyLocation = ""
    in_file: tuple[str, ...] = ()


class Preferences(Protocol):
    """Everything that can be set. Methods raise ConfigError with a sentence for the user."""

    @property
    def path(self) -> str:
        """The file that is written."""
        ...

    async def read(self) -> Mapping[str, Preference]:
        """Read every setting of `gramophone.config.file_reader.FILE_SETTINGS` that is one value, by
        its name."""
        ...

    async def write(self, name: str, value: Value | None) -> None:
        """Write a setting into the file; None removes it, so that its default holds.

        Raises:
            ConfigError: the next start would refuse it, or the file cannot be written.
        """
        ...

    async def write_key(self, binding_id: str, keys: str) -> None:
        """Give a binding other keys, separated by commas; an empty string restores its own.

        Raises:
            ConfigError: the file cannot be written.
        """
        ...

    def providers(self) -> Sequence[str]:
        """List providers that can be chosen: those of the program, of the file, and presets."""
        ...

    def voices(self) -> Sequence[str]:
        """List voices that can be chosen; empty where there is only one."""
        ...

    async def devices(self) -> Sequence[str]:
        """List the names of the output devices that are there now.

        Raises:
            SpeakerError: the sound system does not say.
        """
        ...

    async def play_sample(self, voice: str) -> None:
        """Speak a sentence with this voice; returns when it was played. Cancelling stops it.

        Raises:
            GramophoneError: it cannot be heard, and why.
        """
        ...

    async def accounts(self) -> Sequence[Account]: ...

    async def why_no_keyring(self) -> str:
        """Reason why no key can be stored, and where to put it instead; empty where one can."""
        ...

    async def store_key(self, account: str, key: str) -> None:
        """Put a service's key into the keyring; an empty one removes it.

        Raises:
            ConfigError: the keyring refuses it, or there is none.
        """
        ...
