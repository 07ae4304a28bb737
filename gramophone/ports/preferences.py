"""The settings as the screen sees them: values, and the Protocol that keeps them. Pure.

What is set here stands in `config.toml` (see `gramophone.config.file`) and holds from the next
start; what concerns the screen alone the screen changes at once. A service's key never passes
this way but towards the keyring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from gramophone.core.frozen import frozen

Value: TypeAlias = str | int | float | bool

KeptIn: TypeAlias = Literal["", "environment", "keyring"]
"""Where a service's key is: nowhere, in an environment variable, in the keyring."""


@frozen
class Preference:
    """A setting as `config.toml` has it, or as it is without it (`told` is False).

    `overruled_by` names the environment variable that wins over the file, if one does.
    """

    value: Value
    told: bool = False
    overruled_by: str = ""


@frozen
class Account:
    """A service that wants a key; `variable` is where the environment may have it."""

    name: str
    title: str
    variable: str
    kept_in: KeptIn = ""


class Preferences(Protocol):
    """Everything that can be set. Methods raise ConfigError with a sentence for the user."""

    @property
    def place(self) -> str:
        """The file that is written."""
        ...

    async def read(self) -> Mapping[str, Preference]:
        """Every setting of `gramophone.config.config.FILE_SETTINGS` that is one value, by its
        name."""
        ...

    async def write(self, name: str, value: Value | None) -> None:
        """Set it in the file; None takes it out, so that it is as it comes. What the next start
        would refuse is refused here."""
        ...

    async def write_key(self, binding_id: str, keys: str) -> None:
        """Give a binding other keys, several with commas between; none gives it its own again."""
        ...

    def voices(self) -> Sequence[str]:
        """Voices that can be chosen; empty where there is one only."""
        ...

    async def devices(self) -> Sequence[str]:
        """The names of the output devices there are now.

        Raises:
            SpeakerError: the sound system does not say.
        """
        ...

    async def hear_sample(self, voice: str) -> None:
        """Say a sentence with this voice; returns when it was heard. Cancelling stops it.

        Raises:
            GramophoneError: it cannot be heard, and why.
        """
        ...

    async def accounts(self) -> Sequence[Account]: ...

    async def no_keyring(self) -> str:
        """Why no key can be kept, and where it must go instead; empty where it can."""
        ...

    async def keep_key(self, account: str, key: str) -> None:
        """Put a service's key into the keyring; an empty one takes it out."""
        ...
