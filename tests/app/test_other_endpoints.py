"""Items that a provider wants back, where a conversation goes on with another endpoint or model."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gramophone.app.session import Session, open_session
from gramophone.config.config import Config
from gramophone.config.loading import choose
from gramophone.core.intents import Submit
from gramophone.core.timeline import Entry, GiveBackReceived, RequestSent, TurnCompleted
from tests.support.deadlines import HANG_S
from tests.support.model_servers import (
    JSON,
    ModelServer,
    Reply,
    anthropic_event,
    anthropic_events,
    serving,
)

SECRET = "EqQB"


class Listener:
    """A sink whose ends of turns can be waited for."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._completed: asyncio.Queue[TurnCompleted] = asyncio.Queue()

    def emit(self, entry: Entry) -> None:
        self.entries.append(entry)
        if isinstance(entry, TurnCompleted) and entry.role == "assistant":
            self._completed.put_nowait(entry)

    async def answer(self) -> TurnCompleted:
        return await asyncio.wait_for(self._completed.get(), HANG_S)

    @property
    def requests(self) -> list[tuple[str, str]]:
        events = [entry for entry in self.entries if isinstance(entry, RequestSent)]
        return [(event.provider, event.model) for event in events]


def signed(text: str) -> Reply:
    events = anthropic_events(text, thinking="Hm.")
    return Reply([*map(anthropic_event, events)])


def refused() -> Reply:
    return Reply([b'{"error": {"type": "authentication_error"}}'], 401, JSON)


def config_for(home: Path, first: ModelServer, second: ModelServer, *fallback: str) -> Config:
    common = {"protocol": "messages", "model": "m"}
    return Config(
        home=home,
        config_file=home / "config.toml",
        provider="first",
        model="m",
        muted=True,
        keep=False,
        speak_url="ws://127.0.0.1:9/v1/speak",
        endpoint_tables={
            "first": {**common, "base_url": first.origin, "fallback": list(fallback)},
            "second": {**common, "base_url": second.origin, "model": "other"},
        },
    )


def sent(server: ModelServer) -> list[str]:
    """Bodies of the requests."""
    return [str(request.body) for request in server.requests]


async def ask(session: Session, listener: Listener, question: str) -> str:
    session.engine.post(Submit(question))
    return (await listener.answer()).text


async def test_they_go_to_the_model_that_they_came_from_alone(tmp_path: Path) -> None:
    listener = Listener()
    async with serving(*[signed("One.")] * 4) as first, serving(signed("Two.")) as second:
        config = config_for(tmp_path, first, second)
        async with open_session(config, [listener]) as session:
            assert await ask(session, listener, "1?") == "One."
            assert await ask(session, listener, "2?") == "One."
            session.configure(choose(config, provider="second"))
            assert await ask(session, listener, "3?") == "Two."
            session.configure(choose(config, provider="first", model="n"))
            assert await ask(session, listener, "4?") == "One."
            session.configure(config)
            assert await ask(session, listener, "5?") == "One."
    assert [body.count(SECRET) for body in sent(first)] == [0, 1, 0, 2]
    assert [body.count(SECRET) for body in sent(second)] == [0]
    (item, *_) = [entry for entry in listener.entries if isinstance(entry, GiveBackReceived)]
    assert (item.provider, item.model) == ("first", "m")


async def test_a_fallback_gets_none_and_is_named_on_the_timeline(tmp_path: Path) -> None:
    listener = Listener()
    replies = signed("One."), refused(), signed("Three.")
    async with serving(*replies) as first, serving(signed("Two."), signed("Four.")) as second:
        config = config_for(tmp_path, first, second, "second")
        async with open_session(config, [listener]) as session:
            for question in ("1?", "2?", "3?"):
                await ask(session, listener, question)
    assert listener.requests == [
        ("first", "m"),
        ("first", "m"),
        ("second", "other"),
        ("first", "m"),
    ]
    assert [body.count(SECRET) for body in sent(first)] == [0, 1, 1]
    assert [body.count(SECRET) for body in sent(second)] == [0]
