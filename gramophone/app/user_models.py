"""Models that are the user's own text or code: a name in, a language model out."""

from __future__ import annotations

import sys
from pathlib import Path

from gramophone.config.user_models import STANDARD_INPUT, UserModel, user_model
from gramophone.core.errors import ConfigError
from gramophone.ports.language_model import LanguageModel
from gramophone.providers.llm.plain_text import PlainTextModel, TextFile, TextFunction


def user_model_of(provider: str) -> LanguageModel:
    """Make the model that a name such as `text:notes.txt` means. Code is imported when it is used.

    Raises:
        ConfigError: it cannot be had.
    """
    named = user_model(provider)
    if named.scheme == "langchain":
        assert named.target is not None
        from gramophone.providers.llm.langchain import LangChainModel

        return LangChainModel(named.source, named.target.module, named.target.path, named.run)
    if named.source == STANDARD_INPUT:
        if sys.stdin.isatty():
            raise ConfigError("text:- reads standard input, which is the keyboard; use a pipe.")
        return PlainTextModel(named.source, TextFile("Standard input", sys.stdin.fileno()))
    path = Path(named.source).expanduser()
    # A file of such a name is what its owner means; a module has no colon in its name.
    if named.target is not None and not path.exists():
        return PlainTextModel(named.source, TextFunction(named.target.module, named.target.path))
    _check_file(named, path)
    return PlainTextModel(named.source, TextFile(str(path), path))


def _check_file(named: UserModel, path: Path) -> None:
    try:
        if path.is_dir():
            raise ConfigError(f"{path} is a directory; name a file with text.")
        path.stat()
    except OSError as error:
        hint = ""
        if ":" in named.source:
            hint = "; a function is named as text:module:function"
        raise ConfigError(f"{path} cannot be read ({error.strerror}){hint}.") from error
