"""LangChain and LangGraph as a language model: an object of the user's module is asked.

It may be a chat model, any other Runnable, a graph, or a function that makes one. LangChain is
imported by the user's module, and runs with all of its code on an event loop of its own thread.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from importlib import import_module
from typing import Any, Final, cast

from gramophone.core.errors import GramophoneError, ModelError, PicturesRefused
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.langchain_output import OutputReader
from gramophone.providers.llm.langchain_runs import NamedRun
from gramophone.providers.llm.sent_pictures import chat_parts
from gramophone.providers.user_code import WorkerLoop, user_code_failure
from gramophone.providers.user_objects import import_object
from gramophone.wire.limits import TextBound, TooMuch
from gramophone.wire.llm.think_tags import ThinkTagMemory

NOT_INSTALLED: Final = (
    "LangChain is not installed here; install gramophone[langchain] into the environment of your "
    "chain."
)


class LangChainModel:
    """A `ports.LanguageModel` that asks an object of LangChain.

    `run` is the name of a run within it whose text counts; empty for the text of the whole.
    """

    provider = "langchain"

    def __init__(self, model: str, module: str, path: str, run: str = "") -> None:
        self.model = model
        self._module = module
        self._path = path
        self._run = run
        self._chain: Any = None
        self._think_tags = ThinkTagMemory()
        self._loop = WorkerLoop("langchain")

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`.

        Raises:
            ModelError: there is no such object, it failed, or gave what has no text.
        """
        bound = TextBound()
        chunks = self._loop.iterate(lambda: self._chunks(messages, system_prompt))
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    bound.add(chunk.text + chunk.thought)
                    yield chunk
        except TooMuch as error:
            raise ModelError(
                f"The chain {self.model} sent {error}, and was stopped; what came is kept."
            ) from error
        except GramophoneError:
            raise
        except Exception as error:
            raise ModelError(user_code_failure(f"The chain {self.model}", error)) from error

    async def aclose(self) -> None:
        """Let the chain's event loop end."""
        self._loop.close()

    # --- on the loop of the chain -------------------------------------------------------------

    async def _chunks(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        if self._chain is None:
            self._chain = await self._load()
        chain = self._chain
        reader = OutputReader(self._think_tags, calls=is_model(chain))
        request = input_for(chain, messages, system_prompt)
        async with aclosing(self._outputs(chain, request)) as outputs:
            async for output in outputs:
                for chunk in reader.read(output):
                    yield chunk
        for chunk in reader.end():
            yield chunk

    def _outputs(self, chain: Any, request: object) -> AsyncGenerator[object]:
        if self._run:
            return NamedRun(self._run).outputs(chain.astream_events(request, version="v2"))
        if is_graph(chain):
            return graph_outputs(chain.astream(request, stream_mode=["messages", "values"]))
        return outputs_of(chain.astream(request))

    async def _load(self) -> Any:
        """Import the object, call it where it is a factory, and compile a graph."""
        value = import_object(self._module, self._path)
        try:
            runnable = import_module("langchain_core.runnables").Runnable
        except ImportError as error:
            raise ModelError(NOT_INSTALLED) from error
        if not isinstance(value, runnable) and not hasattr(value, "compile") and callable(value):
            value = self._made(value)
            value = await value if inspect.isawaitable(value) else value
        if not isinstance(value, runnable) and hasattr(value, "compile"):
            value = cast("Any", value).compile()
        if not isinstance(value, runnable):
            raise ModelError(
                f"{self._module}:{self._path} is of type {type(value).__name__}; name a chat "
                "model, a Runnable, a graph, or a function without arguments that makes one."
            )
        return value

    def _made(self, factory: Callable[..., object]) -> object:
        try:
            inspect.signature(factory).bind()
        except TypeError as error:
            raise ModelError(
                f"{self._module}:{self._path} takes arguments; name a function without any that "
                "makes the chain, or the chain itself."
            ) from error
        except ValueError:
            pass  # a function of C has no signature
        return factory()


def is_model(chain: Any) -> bool:
    """Whether it is a model alone, with tools bound to it or not: nobody else runs its calls."""
    base = import_module("langchain_core.language_models").BaseLanguageModel
    return isinstance(chain, base) or isinstance(getattr(chain, "bound", None), base)


def is_graph(chain: Any) -> bool:
    """Whether it is a compiled graph of LangGraph, whose stream has modes."""
    return hasattr(chain, "stream_mode") and hasattr(chain, "nodes")


def input_for(chain: Any, messages: Sequence[Message], system_prompt: str) -> object:
    """Make the input that the chain wants, by the schema that it tells.

    A model gets the messages, with the system prompt before them; a chain brings its own. One that
    names a key `messages` gets them there; one whose schema has one string key gets the question
    there, and the turns before it in a key that holds messages. One that wants a string gets the
    question, any other the messages.
    """
    history = [_message(message) for message in messages]
    if is_model(chain):
        classes = import_module("langchain_core.messages")
        return [classes.SystemMessage(system_prompt), *history] if system_prompt else history
    schema = chain.get_input_jsonschema()
    question = messages[-1].text if messages else ""
    if schema.get("type") == "string":
        _require_no_pictures(messages)
        return question
    properties: dict[str, dict[str, object]] = schema.get("properties", {})
    if "messages" in properties or (is_graph(chain) and not properties):
        return {"messages": history}
    keys = [name for name, entry in properties.items() if entry.get("type") == "string"]
    if not keys and len(properties) == 1 and "root" not in properties:
        keys = [name for name, entry in properties.items() if "type" not in entry]
    if len(keys) != 1:
        return history
    _require_no_pictures(messages)
    before = {name: history[:-1] for name, entry in properties.items() if "array" in _types(entry)}
    return {keys[0]: question, **before}


def _require_no_pictures(messages: Sequence[Message]) -> None:
    """Refuse pictures where the question goes in as a string.

    Raises:
        PicturesRefused: the question has pictures.
    """
    if messages and messages[-1].pictures:
        raise PicturesRefused(
            "This chain takes its question as a text, so it cannot see the picture; name a chain "
            "that takes messages, or ask without the picture."
        )


def _types(entry: dict[str, object]) -> set[object]:
    kind = entry.get("type")
    return {kind} if isinstance(kind, str) else set()


def _message(message: Message) -> object:
    classes = import_module("langchain_core.messages")
    kind = classes.HumanMessage if message.role == "user" else classes.AIMessage
    # Chat models of LangChain take the parts of OpenAI's Chat, whatever service is behind them.
    return kind(chat_parts(message) if message.pictures else message.text)


async def outputs_of(stream: AsyncIterator[object]) -> AsyncGenerator[object]:
    """Yield the outputs of a stream, and close it in the end."""
    try:
        async for output in stream:
            yield output
    finally:
        if isinstance(stream, AsyncGenerator):
            await cast("AsyncGenerator[object]", stream).aclose()


async def graph_outputs(stream: AsyncIterator[tuple[str, Any]]) -> AsyncGenerator[object]:
    """Yield the messages of a graph as they stream; its last state, where there are none."""
    last_state: object = None
    streamed = False
    async with aclosing(outputs_of(stream)) as outputs:
        async for mode, value in cast("AsyncIterator[tuple[str, Any]]", outputs):
            if mode == "values":
                last_state = value
                continue
            message, _ = value
            if is_answer(message):
                streamed = True
                yield message
    if not streamed and last_state is not None:
        yield last_state


def is_answer(message: object) -> bool:
    """Whether a message is the model's, and neither the user's nor a tool's."""
    return getattr(message, "type", "") in ("ai", "AIMessageChunk")
