"""Pictures against the stand-in: our clients and the official ones, in all three protocols."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import anthropic
import openai
import pytest

from gramophone.core.errors import PicturesRefused
from gramophone.core.picture import Picture
from gramophone.ports.language_model import LanguageModel, Message, ModelChunk
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.standin.server.routes import Address
from tests.support.deadlines import HANG_S
from tests.support.model_contract import KEY, chunks_of, closing, text_of
from tests.support.picture_files import gif, jpeg, picture, png, webp
from tests.support.scenario_standin import served

PROTOCOLS = ["chat", "responses", "messages"]
NAMED = '[[answer]]\ntext = "I see:"\npictures = "named"\n'
BLIND = '[[answer]]\ntext = "Hello."\npictures = "refused"\n'


def client(protocol: str, address: Address, **options: Any) -> LanguageModel:
    endpoint = EndpointOptions(title="Acme", **options)
    openai_options: dict[str, Any] = {"api_key": KEY, "base_url": address.http("/v1")}
    match protocol:
        case "chat":
            return OpenAIChat("m", **openai_options, options=endpoint)
        case "responses":
            return OpenAIResponses("m", **openai_options, options=endpoint)
        case _:
            return AnthropicMessages("m", api_key=KEY, base_url=address.http(), options=endpoint)


def shown(*pictures: Picture, text: str = "What is this?") -> Message:
    return Message("user", text, pictures=pictures)


def line(shown_picture: Picture) -> str:
    return f"[{shown_picture.media_type}, {shown_picture.size}, sha256 {shown_picture.sha256}]"


def notices(chunks: Sequence[ModelChunk]) -> list[str]:
    return [chunk.notice for chunk in chunks if chunk.notice]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_service_gets_the_very_file(protocol: str) -> None:
    pictures = [
        picture("a.png", png(640, 48)),
        picture("b", jpeg(5, 6)),
        picture("c", gif()),
        picture("d", webp()),
    ]
    async with served(NAMED) as address, closing(client(protocol, address)) as model:
        answer = text_of(await chunks_of(model, [shown(*pictures)]))
    assert answer == "\n".join(["I see:", *map(line, pictures)])


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_later_question_shows_earlier_pictures_again(protocol: str) -> None:
    history = [shown(picture()), Message("assistant", "A cat."), Message("user", "Sure?")]
    async with served(BLIND) as address, closing(client(protocol, address)) as model:
        chunks = await chunks_of(model, history)
    assert text_of(chunks) == "Hello.", "without them at the second try"
    assert notices(chunks) == ["Acme takes no pictures: the earlier one is left out."]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_model_without_eyes_refuses_and_is_not_asked_again(protocol: str) -> None:
    async with served(BLIND) as address, closing(client(protocol, address)) as model:
        with pytest.raises(PicturesRefused) as refused:
            await chunks_of(model, [shown(picture())])
        assert str(refused.value).startswith("Acme refused the picture (400: ")
        assert str(refused.value).endswith("the model 'm' takes none: choose another with --model.")
        with pytest.raises(PicturesRefused, match=r"^Acme takes no pictures with the model 'm'"):
            await chunks_of(model, [shown(picture())])
        assert text_of(await chunks_of(model)) == "Hello."


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_setting_refuses_them_beforehand(protocol: str) -> None:
    async with (
        served(NAMED) as address,
        closing(client(protocol, address, pictures=False)) as model,
    ):
        with pytest.raises(PicturesRefused, match=r"^Acme takes no pictures"):
            await chunks_of(model, [shown(picture())])
        chunks = await chunks_of(
            model, [shown(picture()), Message("assistant", "A cat."), Message("user", "Sure?")]
        )
    assert text_of(chunks) == "I see:"
    assert notices(chunks) == ["Acme takes no pictures: the earlier one is left out."]


async def test_a_picture_that_anthropic_finds_too_large_is_refused_alone() -> None:
    large = picture("large.png", png(padding_bytes=4 * 2**20))
    async with served(NAMED) as address, closing(client("messages", address)) as model:
        with pytest.raises(PicturesRefused) as refused:
            await chunks_of(model, [shown(large)])
        assert "image exceeds 5 MB maximum" in str(refused.value)
        assert str(refused.value).endswith("attach a smaller copy, or another picture.")
        answer = text_of(await chunks_of(model, [shown(picture())]))
    assert answer == f"I see:\n{line(picture())}"


# --- official clients -----------------------------------------------------------------------------


def data_uri(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


async def ask(protocol: str, address: Address, content: bytes, media_type: str) -> str:
    """The answer of the official client; what it raises is the service's."""
    if protocol == "messages":
        async with anthropic.AsyncAnthropic(
            timeout=HANG_S, max_retries=0, api_key="k", base_url=address.http()
        ) as messages:
            data = b64encode(content).decode()
            source: Any = {"type": "base64", "media_type": media_type, "data": data}
            message = await messages.messages.create(
                model="m",
                max_tokens=99,
                messages=[{"role": "user", "content": [{"type": "image", "source": source}]}],
            )
        return "".join(block.text for block in message.content if block.type == "text")
    uri = data_uri(content, media_type)
    async with openai.AsyncOpenAI(
        timeout=HANG_S, max_retries=0, api_key="k", base_url=address.http("/v1")
    ) as clients:
        if protocol == "responses":
            part: Any = {"type": "input_image", "detail": "auto", "image_url": uri}
            response = await clients.responses.create(
                model="m", input=[{"role": "user", "content": [part]}]
            )
            return response.output_text
        completion = await clients.chat.completions.create(
            model="m",
            messages=[
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": uri}}]}
            ],
        )
    return completion.choices[0].message.content or ""


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_official_client_shows_a_picture(protocol: str) -> None:
    async with served(NAMED) as address:
        answer = await ask(protocol, address, png(), "image/png")
    assert answer == f"I see:\n{line(picture())}"


@pytest.mark.parametrize(
    ("protocol", "content", "media_type", "sentence"),
    [
        ("chat", b"hello", "image/png", "You uploaded an unsupported image"),
        ("responses", b"", "image/png", "You uploaded an unsupported image"),
        ("messages", b"hello", "image/png", "Could not process image"),
        ("messages", png(), "image/tiff", "media_type: Input should be 'image/png', 'image/jpeg'"),
        ("messages", png(), "image/gif", "appears to be a image/png image"),
        ("messages", png(9000, 1), "image/png", "exceed max allowed size: 8000 pixels"),
        ("chat", png(), "text/plain", "Expected a base64-encoded data URL"),
    ],
    ids=["chat", "responses", "messages", "tiff", "mismatch", "pixels", "uri"],
)
async def test_a_bad_picture_is_refused_as_the_service_does(
    protocol: str, content: bytes, media_type: str, sentence: str
) -> None:
    async with served(NAMED) as address:
        with pytest.raises((openai.BadRequestError, anthropic.BadRequestError), match=sentence):
            await ask(protocol, address, content, media_type)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_model_without_eyes_is_that_of_the_service(protocol: str) -> None:
    async with served(BLIND) as address:
        with pytest.raises(
            (openai.BadRequestError, anthropic.BadRequestError),
            match=r"only supported by certain models|does not support image",
        ):
            await ask(protocol, address, png(), "image/png")
