"""Models that are the user's own text or code, named where a provider is: `text:…`, `langchain:…`.

text:FILE               the text of a file
text:-                  standard input
text:module:function    a function, called with the question
langchain:module:object[#run]    an object of LangChain, or a factory of one
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen

SCHEMES: Final = ("text", "langchain")
STANDARD_INPUT: Final = "-"

_OBJECT: Final = re.compile(
    r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<path>[^\W\d]\w*(?:\.\w+)*)"
)
_RUN: Final = re.compile(r"#(?P<run>[^\x00-\x1f\x7f]{1,100})")


@frozen
class ObjectPath:
    """An object of a module: `path` is its name, with dots for attributes of attributes."""

    module: str
    path: str

    def __str__(self) -> str:
        return f"{self.module}:{self.path}"


@frozen
class UserModel:
    """A model of the user.

    Attributes:
        scheme: one of `SCHEMES`, which is also the provider's name in a stored session.
        source: what follows it; the model's name in a stored session.
        target: the object that is named; None where a file or standard input is.
        run: name of the run of a chain whose text counts; empty for the chain's own.
    """

    scheme: str
    source: str
    target: ObjectPath | None = None
    run: str = ""


def is_user_model(provider: str) -> bool:
    """Whether a provider is named as a model of the user, rightly or not."""
    scheme, colon, _ = provider.partition(":")
    return bool(colon) and scheme in SCHEMES


def user_model(provider: str) -> UserModel:
    """Read the name of a model of the user.

    Raises:
        ConfigError: it does not say what is meant.
    """
    scheme, _, source = provider.partition(":")
    target = _OBJECT.match(source)
    rest = source[target.end() :] if target else source
    if scheme == "langchain":
        run = _RUN.fullmatch(rest)
        if target is None or (rest and run is None):
            raise ConfigError(
                f"The provider is {provider[:200]!r}; write langchain:module:object, with #name "
                "behind it if one run of the chain is to be spoken."
            )
        path = ObjectPath(target["module"], target["path"])
        return UserModel(scheme, source, path, run["run"] if run else "")
    if not source.strip():
        raise ConfigError(
            "The provider text: names no text; write text:FILE, text:- or text:module:function."
        )
    if target is not None and not rest:
        return UserModel(scheme, source, ObjectPath(target["module"], target["path"]))
    return UserModel(scheme, source)
