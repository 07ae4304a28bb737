"""What every language model must make of a service that fails, and of a setting that is wrong."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gramophone.ports.language_model import ModelChunk
from tests.support.model_contract import (
    HURRY,
    KEY,
    Provider,
    chunks_of,
    closing,
    failure,
    reply_of,
    text_of,
)
from tests.support.model_servers import JSON, Reply, Step, serving


class FailingContract:
    """What is said where a test writes the server's part, badly; needs `provider`."""

    async def test_a_stream_without_its_end_gives_no_finish_reason(
        self, provider: Provider
    ) -> None:
        """Such a stream ends like a whole one; only the missing reason tells."""
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply(wire[:3])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            chunks = await chunks_of(model)
        assert [chunk for chunk in chunks if chunk.finish_reason] == []

    async def test_a_stream_cut_in_its_middle_breaks_off(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        arrived = asyncio.Event()
        async with (
            serving(Reply([*wire[:4], arrived, Step.CUT])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            texts: list[str] = []

            def hear(chunk: ModelChunk) -> None:
                texts.append(chunk.text)
                if chunk.text:
                    arrived.set()

            assert await failure(model, hear) == (
                f"{provider.name} broke the answer off (the connection was lost); "
                "what arrived is kept. Ask again."
            )
        assert "Hel" in texts

    async def test_an_error_inside_the_stream_breaks_off(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        so_far: list[ModelChunk] = []
        error = provider.error_in_stream(f"Overloaded, said {KEY}")
        async with (
            serving(Reply([*wire[:4], error])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model, so_far.append)
        assert "Hel" in text_of(so_far)
        assert sentence.startswith(f"{provider.name} broke the answer off (")
        assert "Overloaded, said [key]" in sentence
        assert sentence.endswith("what arrived is kept. Ask again.")

    async def test_an_error_before_any_text_keeps_nothing(self, provider: Provider) -> None:
        error = provider.error_in_stream("Busy")
        begun = provider.wire(provider.answer("Hel")[0])
        whole = b'{"type": "error", "error": {"type": "teapot", "message": "Busy"}}'
        replies = [Reply([begun, error])] * 3, [Reply([whole], content_type=JSON)] * 3
        for reply in replies:
            async with (
                serving(*reply) as server,
                closing(provider.model(server.origin)) as model,
            ):
                sentence = await failure(model)
            assert sentence.startswith(f"{provider.name} broke the answer off (")
            assert sentence.endswith("Busy) before its first word; ask again.")

    @pytest.mark.parametrize(
        ("status", "kind", "message", "advice"),
        [
            (400, "invalid_request_error", "prompt is too long", "shorten the prompt"),
            (401, "authentication_error", f"no such key: {KEY}", "check {key_name}"),
            (403, "permission_error", "not for you", "the key in {key_name} may not use"),
            (404, "not_found_error", "no such model", "check that the model"),
            (413, "request_too_large", "too large", "shorten the prompt"),
            (429, "rate_limit_error", "too fast", "wait a little, or check the account"),
            (500, "api_error", "internal error", "wait a little, then ask again"),
            (529, "overloaded_error", "Overloaded", "wait a little, then ask again"),
        ],
    )
    async def test_a_refusal_says_what_to_do(
        self, provider: Provider, status: int, kind: str, message: str, advice: str
    ) -> None:
        body = provider.refusal(kind, message)
        refusals = [Reply([body], status, JSON, HURRY) for _ in range(3)]
        async with (
            serving(*refusals) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model)
        assert sentence.startswith(f"{provider.name} refused the request ({status}: ")
        assert message.replace(KEY, "[key]") in sentence
        assert advice.format(key_name=provider.key_name) in sentence

    async def test_a_long_complaint_is_cut(self, provider: Provider) -> None:
        body = provider.refusal("invalid_request_error", "because " * 1000)
        async with (
            serving(Reply([body], 400, JSON)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert len(await failure(model)) < 500

    async def test_a_refusal_cut_in_its_body_breaks_off(self, provider: Provider) -> None:
        async with (
            serving(Reply([b'{"error": ', Step.CUT], 400, JSON)) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert await failure(model) == (
                f"{provider.name} broke the answer off (the connection was lost) before its first "
                "word; ask again."
            )

    async def test_a_refusal_that_falls_silent_is_given_up(self, provider: Provider) -> None:
        # On a slow machine the first one is late altogether, and asked again.
        refusals = [Reply([b'{"error": ', Step.HANG], 400, JSON) for _ in range(2)]
        async with (
            serving(*refusals) as server,
            closing(provider.model(server.origin, read_timeout_s=0.5)) as model,
        ):
            sentence = await failure(model)
        host = server.origin.removeprefix("http://")
        assert sentence == f"{provider.name} does not answer at {host}; ask again later."

    async def test_one_hiccup_is_overcome(self, provider: Provider) -> None:
        hiccup = Reply([provider.refusal("api_error", "oops")], 500, JSON, HURRY)
        async with (
            serving(hiccup, reply_of(provider, "Hi")) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await chunks_of(model)) == "Hi"

    @pytest.mark.parametrize("status", [200, 502])
    async def test_a_web_page_is_no_answer(self, provider: Provider, status: int) -> None:
        page = b"<!doctype html>\n<html><body><h1>Welcome</h1>\n</body></html>\n"
        pages = [Reply([page], status, "text/html", HURRY) for _ in range(3)]
        async with (
            serving(*pages) as server,
            closing(provider.model(server.origin)) as model,
        ):
            sentence = await failure(model)
        host = server.origin.removeprefix("http://")
        if status == 200:
            assert sentence == (
                f"What answers at {host} does not speak as {provider.name} does; "
                "check the base URL."
            )
        else:
            assert "(502: " in sentence

    @pytest.mark.parametrize(
        "rubbish", ["{not json", "[1, 2]", '"text"', "7", "null", "{}", '{"choices": [3]}']
    )
    async def test_rubbish_among_the_events_does_no_harm(
        self, provider: Provider, rubbish: str
    ) -> None:
        """Either it is passed over or it ends the answer with a sentence."""
        wire = [provider.wire(data) for data in provider.answer("Hi")]
        torn = f"event: content_block_delta\ndata: {rubbish}\n\n".encode()
        async with (
            serving(Reply([*wire[:2], torn, *wire[2:], *provider.ending()])) as server,
            closing(provider.model(server.origin)) as model,
        ):
            if rubbish == "{not json":
                assert "broke the answer off" in await failure(model)
            else:
                assert text_of(await chunks_of(model)) == "Hi"

    async def test_a_silent_server_is_given_up(self, provider: Provider) -> None:
        silent = [Reply([Step.HANG], silent=True) for _ in range(2)]
        async with (
            serving(*silent) as server,
            closing(provider.model(server.origin, read_timeout_s=0.05)) as model,
        ):
            sentence = await failure(model)
        host = server.origin.removeprefix("http://")
        assert sentence == f"{provider.name} does not answer at {host}; ask again later."

    async def test_a_stream_that_falls_silent_is_given_up(self, provider: Provider) -> None:
        wire = [provider.wire(data) for data in provider.answer("Hel", "lo")]
        async with (
            serving(Reply([*wire[:4], Step.HANG])) as server,
            closing(provider.model(server.origin, read_timeout_s=0.5)) as model,
        ):
            assert await failure(model) == (
                f"{provider.name} stopped answering; what arrived is kept. Ask again."
            )

    async def test_nobody_at_the_address(self, provider: Provider) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        async with closing(provider.model(f"http://127.0.0.1:{port}")) as model:
            assert await failure(model) == (
                f"{provider.name} cannot be reached at 127.0.0.1:{port}; "
                "check the network and the base URL."
            )

    async def test_an_unknown_host(self, provider: Provider) -> None:
        async with closing(provider.model(f"http://user:{KEY}@models.invalid:81")) as model:
            assert "cannot be reached at models.invalid:81;" in await failure(model)

    @pytest.mark.parametrize("origin", ["http://[::1", "nonsense", "ftp://127.0.0.1", "http://"])
    async def test_an_address_that_is_none(self, provider: Provider, origin: str) -> None:
        async with closing(provider.model(origin)) as model:
            sentence = await failure(model)
        assert sentence.startswith(
            (f"No request to {provider.name} can be made (", f"{provider.name} cannot be reached")
        )
        assert "at ;" not in sentence

    @pytest.mark.parametrize("key", [f"{KEY}\nevil: 1", f"{KEY}é", f"{KEY}\t"])
    async def test_a_key_that_is_none_is_not_shown(self, provider: Provider, key: str) -> None:
        async with serving() as server, closing(provider.model(server.origin, key=key)) as model:
            sentence = await failure(model)
        assert sentence.startswith(f"{provider.key_name} holds characters that no key has")

    async def test_a_proxy_does_not_stand_before_this_machine(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        async with (
            serving(reply_of(provider, "Hi")) as server,
            closing(provider.model(server.origin)) as model,
        ):
            assert text_of(await chunks_of(model)) == "Hi"

    async def test_an_unusable_proxy_is_said(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:9")
        async with closing(provider.model("https://models.invalid")) as model:
            assert "check the base URL and the proxy settings." in await failure(model)

    async def test_a_closed_model_was_perhaps_never_asked(self, provider: Provider) -> None:
        model = provider.model("http://127.0.0.1:9")
        await model.aclose()
        assert model.model
