"""`fixture record`: a proxy whose traffic becomes a session of the library, or a bundle."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gramophone.cli.compose import new_session_id
from gramophone.clock import SystemClock
from gramophone.config import Config
from gramophone.errors import GramophoneError, StorageError
from gramophone.exports import ExportOrder
from gramophone.scratch import scratch_directory
from gramophone.standin.flux import FLUX_PATH
from gramophone.standin.guests import Guests
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.listen import LISTEN_PATH
from gramophone.standin.listener import listening
from gramophone.standin.process import ending, fail, tell, unopened
from gramophone.standin.proxy import RecordingProxy, upstream_of
from storage.library import Library
from storage.recorder import Recorder

KEEP = b"keep"
"""What is said on standard input of a recording that is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is to be recorded, and how that ends.

    Attributes:
        upstream: where Deepgram is, and the models that have no place of their own.
        models: where a model is, by its provider.
        allow_hosts: names by which the port may be asked, besides those of this machine.
        allow_origins: web pages that may ask.
        bundle: the file that the session goes into, instead of the library.
        watch_stdin: end when standard input does.
        if_told: write the bundle only if `KEEP` was the last that was said there, and if all that
            passed is in it.
    """

    upstream: str
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str = "127.0.0.1"
    port: int = 0
    allow_hosts: Sequence[str] = ()
    allow_origins: Sequence[str] = ()
    bundle: Path | None = None
    watch_stdin: bool = False
    if_told: bool = False


def record(config: Config, wanted: Recording) -> int:
    """Pass on and record until SIGTERM or Ctrl+C; the exit code is 1 if it could not."""
    try:
        with _home(config, wanted.bundle) as home:
            return asyncio.run(_Run(config, wanted, home).run())
    except GramophoneError as error:
        return fail(str(error))
    except OSError as error:
        return fail(unopened(wanted.host, wanted.port, error))


@contextmanager
def _home(config: Config, bundle: Path | None) -> Generator[Path]:
    """The library that is recorded into; one for the time being where a bundle is wanted."""
    if bundle is None:
        yield config.home
        return
    with scratch_directory() as home:
        yield Path(home)


class _Run:
    """One run of the proxy."""

    def __init__(self, config: Config, wanted: Recording, home: Path) -> None:
        self._config = config
        self._wanted = wanted
        self._home = home
        self._last_words = b""

    async def run(self) -> int:
        """Record, and say at the end what there was."""
        wanted, config = self._wanted, self._config
        upstream = upstream_of(wanted.upstream)
        models = {name: upstream_of(address) for name, address in wanted.models.items()}
        recorder = Recorder.open(self._home, redact=config.secrets, patterns=config.redact)
        async with recorder:
            proxy = RecordingProxy(
                upstream, new_session_id(), SystemClock(), recorder.emit, recorder.hide, models
            )
            with ending(watch_stdin=wanted.watch_stdin, said=self._hear):
                await self._serve(proxy)
            proxy.end()
        told = {} if wanted.bundle is None else {"bundle": await self._bundle(proxy)}
        tell(
            event="summary",
            session=proxy.session_id,
            connections=proxy.connections,
            requests=proxy.requests,
            refused=proxy.refused,
            unrecorded=proxy.unrecorded,
            **told,
        )
        if proxy.unrecorded:
            sys.stderr.write(
                f"{proxy.unrecorded} connections passed unrecorded: a session has one encoding and "
                "one sample rate; record those in a run of their own.\n"
            )
        return 1 if proxy.failure is not None else 0

    async def _serve(self, proxy: RecordingProxy) -> None:
        wanted = self._wanted
        guests = Guests.of(wanted.host, wanted.allow_hosts, wanted.allow_origins)
        async with listening(
            proxy.routes(), host=wanted.host, port=wanted.port, guests=guests
        ) as address:
            tell(
                event="ready",
                speak_url=address.websocket(SPEAK_PATH),
                speak_v2_url=address.websocket(FLUX_PATH),
                listen_url=address.websocket(LISTEN_PATH),
                anthropic_base_url=address.http(),
                openai_base_url=address.http("/v1"),
            )
            await asyncio.Event().wait()

    def _hear(self, said: bytes) -> None:
        self._last_words = (self._last_words + said)[-len(KEEP) - 1 :]

    async def _bundle(self, proxy: RecordingProxy) -> str | None:
        """Write the session, if there is one and it is wanted, into its file; where that is."""
        path = self._wanted.bundle
        told = self._last_words.strip() == KEEP and not proxy.unrecorded
        unwanted = self._wanted.if_told and not told
        if path is None or proxy.session_id is None or proxy.failure is not None or unwanted:
            return None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{path.parent} cannot be made ({error.strerror}).") from error
        async with await Library.open(self._home) as library:
            order = ExportOrder("bundle", path, replace=True)
            await library.export([proxy.session_id], order)
        return str(path)
