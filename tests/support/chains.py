"""Chains as users of LangChain build them, on LangChain itself; only its models are its fakes.

Imported by name, as the modules of users are.
"""

# pyright: basic, reportMissingImports=false, reportArgumentType=false, reportCallIssue=false
# pyright: reportAttributeAccessIssue=false, reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langgraph.graph import END, START, MessagesState, StateGraph


class Streaming(GenericFakeChatModel):
    """Streams what `_stream` of a subclass has, or gives it as a whole."""

    messages: Any = ()

    def _generate(self, messages: list[Any], *args: Any, **kwargs: Any) -> Any:
        return generate_from_stream(self._stream(messages))


class Echo(Streaming):
    """Streams the roles and texts that it was given, word by word."""

    def _stream(self, messages: list[Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        text = " | ".join(f"{message.type}: {message.content}" for message in messages)
        for piece in text.split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(f"{piece} "))


class Scripted(Streaming):
    """Streams these chunks."""

    chunks: list[Any]

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield ChatGenerationChunk(message=chunk)


def saying(text: str) -> GenericFakeChatModel:
    """A model that always says this, word by word."""
    return GenericFakeChatModel(messages=itertools.cycle([AIMessage(text)]))


echo = Echo()
hello = saying("Hello, there.")

thinking = Scripted(
    chunks=[
        AIMessageChunk(""),
        AIMessageChunk([{"type": "thinking", "thinking": "Hm.", "index": 0}]),
        AIMessageChunk([{"type": "text", "text": "Wel", "index": 1}]),
        AIMessageChunk("l.", usage_metadata=None),
        AIMessageChunk(
            "",
            usage_metadata={"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
            response_metadata={"finish_reason": "length"},
        ),
    ]
)
calling = Scripted(
    chunks=[
        AIMessageChunk("", tool_call_chunks=[{"name": "f", "args": "", "id": "c0", "index": 0}]),
        AIMessageChunk(
            "", tool_call_chunks=[{"name": None, "args": '{"a": 1}', "id": None, "index": 0}]
        ),
    ]
)
tagged = Scripted(chunks=[AIMessageChunk(piece) for piece in "<think>Hm.</think>Well."])


def streaming(text: str) -> Scripted:
    """A model that streams this text, a character in a chunk."""
    return Scripted(chunks=[AIMessageChunk(character) for character in text])


failing = Scripted(chunks=[AIMessageChunk("Well, "), ValueError("my\x1b[31m fault")])

prompt = ChatPromptTemplate.from_messages([("human", "Q: {question}")])
chain = prompt | echo | StrOutputParser()
with_history = (
    ChatPromptTemplate.from_messages(
        [("system", "Be brief."), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    | Echo()
)
assigned = RunnablePassthrough.assign(answer=chain)


def retrieve(question: str) -> str:
    """A retriever."""
    return f"[{question}]"


documents = (
    {"context": RunnableLambda(retrieve), "question": RunnablePassthrough()}
    | ChatPromptTemplate.from_template("{context} {question}")
    | Echo()
)
rewriting = (
    prompt
    | saying("Rewritten.").with_config(run_name="rewrite")
    | StrOutputParser()
    | RunnableLambda(lambda text: {"question": text})
    | prompt
    | Echo().with_config(run_name="answer")
    | StrOutputParser()
)


def make() -> GenericFakeChatModel:
    """A factory."""
    return hello


async def make_later() -> GenericFakeChatModel:
    """A factory that is awaited."""
    return hello


def wants_arguments(question: str) -> str:
    """No factory."""
    return question


async def ask_model(state: dict[str, Any]) -> dict[str, Any]:
    """A node that asks a model, which streams though it is not asked to."""
    return {"messages": [await echo.ainvoke(state["messages"])]}


def count(state: dict[str, Any]) -> dict[str, Any]:
    """A node that answers without a model."""
    return {"messages": [AIMessage(f"{len(state['messages'])} messages.")]}


def graph_of(*nodes: Any) -> StateGraph:
    """Nodes behind each other."""
    graph = StateGraph(MessagesState)
    for before, node in itertools.pairwise([START, *nodes]):
        graph.add_node(node.__name__, node)
        graph.add_edge(before if before == START else before.__name__, node.__name__)
    graph.add_edge(nodes[-1].__name__, END)
    return graph


graph = graph_of(ask_model).compile()
uncompiled = graph_of(ask_model)
counting = graph_of(count).compile()
both = graph_of(ask_model, count).compile()

number = RunnableLambda(lambda value: 42)
other_keys = RunnableLambda(lambda value: {"result": "x", "score": 1})
output = RunnableLambda(lambda value: {"output": "Done.", "messages": [AIMessage("Done.")]})
nothing = 42

blocked, released, closed = threading.Event(), threading.Event(), threading.Event()


async def _block(pieces: AsyncIterator[Any]) -> AsyncIterator[str]:
    try:
        yield "Before. "
        blocked.set()
        released.wait()
        yield "After."
    finally:
        closed.set()


blocking = RunnablePassthrough() | _block


async def _go_on(pieces: AsyncIterator[Any]) -> AsyncIterator[str]:
    while True:
        yield "x" * 10_000


endless = RunnablePassthrough() | _go_on
