"""`fixture record`: a proxy whose traffic becomes a session of the library."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from gramophone.cli.compose import new_session_id
from gramophone.clock import SystemClock
from gramophone.config import Config
from gramophone.errors import GramophoneError
from gramophone.standin.flux import FLUX_PATH
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.listen import LISTEN_PATH
from gramophone.standin.listener import listening
from gramophone.standin.process import ending, fail, tell, unopened
from gramophone.standin.proxy import RecordingProxy, upstream_of
from storage.recorder import Recorder


def record(config: Config, upstream: str, models: Mapping[str, str], host: str, port: int) -> int:
    """Pass on and record until SIGTERM or Ctrl+C; the exit code is 1 if it could not."""
    try:
        asked = {name: upstream_of(address) for name, address in models.items()}
        return asyncio.run(_run(config, upstream_of(upstream), asked, host, port))
    except GramophoneError as error:
        return fail(str(error))
    except OSError as error:
        return fail(unopened(host, port, error))


async def _run(
    config: Config, upstream: str, models: Mapping[str, str], host: str, port: int
) -> int:
    recorder = Recorder.open(config.home, redact=config.secrets, patterns=config.redact)
    async with recorder:
        proxy = RecordingProxy(
            upstream, new_session_id(), SystemClock(), recorder.emit, recorder.hide, models
        )
        with ending(watch_stdin=False):
            async with listening(proxy.routes(), host=host, port=port) as address:
                tell(
                    event="ready",
                    speak_url=address.websocket(SPEAK_PATH),
                    speak_v2_url=address.websocket(FLUX_PATH),
                    listen_url=address.websocket(LISTEN_PATH),
                    anthropic_base_url=address.http(),
                    openai_base_url=address.http("/v1"),
                )
                await asyncio.Event().wait()
        proxy.end()
    tell(
        event="summary",
        session=proxy.session_id,
        connections=proxy.connections,
        requests=proxy.requests,
        refused=proxy.refused,
        unrecorded=proxy.unrecorded,
    )
    if proxy.unrecorded:
        sys.stderr.write(
            f"{proxy.unrecorded} connections passed unrecorded: a session has one encoding and "
            "one sample rate; record those in a run of their own.\n"
        )
    return 1 if proxy.failure is not None else 0
