"""Requests that Messages refuses."""

# What a history must be: the results of all calls of the assistant stand together at the beginning
# of what the user says next, each of them once. Neighbours of one role count as one message, so the
# rule is on turns: the blocks of neighbours in a row, with the number of the first of them. Ids of
# calls are unique in the whole history.

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, takewhile
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text, is_list, is_object
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.pictures import anthropic_picture_refusals

_BLOCKS: Final = (
    "advisor_tool_result",
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "compaction",
    "container_upload",
    "document",
    "fallback",
    "image",
    "mcp_tool_listing",
    "mcp_tool_result",
    "mcp_tool_use",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "text",
    "text_editor_code_execution_tool_result",
    "thinking",
    "tool_addition",
    "tool_removal",
    "tool_result",
    "tool_search_tool_result",
    "tool_use",
    "web_fetch_tool_result",
    "web_search_tool_result",
)
_BLOCK_SET: Final = frozenset(_BLOCKS)
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "tool_use": ("id", "name"),
    "tool_result": ("tool_use_id",),
}
"""Fields of blocks that have to be texts."""
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")
_CHOICES: Final = ("auto", "any", "tool", "none")
_LEAST_BUDGET: Final = 1024
_MOST_SHOWN: Final = 100
_INTERLEAVED: Final = "interleaved-thinking"


def messages_refusal(fields: dict[str, Any], betas: str = "") -> ModelRefusal | None:
    """The refusal of a request, whose messages are known to be objects with role and content.

    `betas` is the header in which a client asks for what is not for everyone.
    """
    messages: list[dict[str, Any]] = as_list(fields.get("messages"))
    rules = (
        _parameters(fields),
        _thinking(fields, interleaved=_INTERLEAVED in betas),
        _tools(fields),
        _blocks(messages),
        _texts(fields.get("system"), messages),
        _history(messages),
    )
    for rule in rules:
        if (refusal := next(rule, None)) is not None:
            return refusal
    return None


def _invalid(message: str) -> ModelRefusal:
    return ModelRefusal(400, message, "invalid_request_error")


def _shown(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


# --- parameters -------------------------------------------------------------------------------


def _parameters(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    for name, high in (("temperature", 1), ("top_p", 1), ("top_k", None)):
        value = fields.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield _invalid(f"{name}: Input should be a valid number")
        elif value < 0:
            yield _invalid(f"{name}: Input should be greater than or equal to 0")
        elif high is not None and value > high:
            yield _invalid(f"{name}: Input should be less than or equal to {high}")
    stops = fields.get("stop_sequences")
    if stops is not None and not is_list(stops):
        yield _invalid("stop_sequences: Input should be a valid list")
    for number, stop in enumerate(as_list(stops)):
        if not isinstance(stop, str):
            yield _invalid(f"stop_sequences.{number}: Input should be a valid string")
        elif not stop.strip():
            yield _invalid("stop_sequences: each stop sequence must contain non-whitespace")


def _thinking(fields: dict[str, Any], *, interleaved: bool) -> Iterator[ModelRefusal]:
    thinking = as_object(fields.get("thinking"))
    if thinking.get("type") != "enabled":
        return
    budget, limit = thinking.get("budget_tokens"), fields.get("max_tokens")
    if budget is None:
        yield _invalid("thinking.enabled.budget_tokens: Field required")
    elif not isinstance(budget, int) or isinstance(budget, bool):
        yield _invalid("thinking.enabled.budget_tokens: Input should be a valid integer")
    elif budget < _LEAST_BUDGET:
        yield _invalid(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to "
            f"{_LEAST_BUDGET}"
        )
    elif isinstance(limit, int) and budget >= limit and not interleaved:
        yield _invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if fields.get("temperature") not in (None, 1):
        yield _invalid("`temperature` may only be set to 1 when thinking is enabled.")
    if as_object(fields.get("tool_choice")).get("type") in ("any", "tool"):
        yield _invalid("Thinking may not be enabled when tool_choice forces tool use.")


def _tools(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    tools = fields.get("tools")
    if tools is not None and not is_list(tools):
        yield _invalid("tools: Input should be a valid list")
    names: set[str] = set()
    for number, tool in enumerate(map(as_object, as_list(tools))):
        name = tool.get("name")
        # The tools that the service runs itself are known by a type of their own.
        if tool.get("type") in (None, "custom"):
            yield from _tool(f"tools.{number}.custom", tool)
        if name is not None and as_text(name) in names:
            yield _invalid("tools: Tool names must be unique.")
        names.add(as_text(name))
    choice = fields.get("tool_choice")
    if choice is None:
        return
    if not tools and not fields.get("mcp_servers"):
        yield _invalid("tool_choice: tool_choice may only be specified while providing tools.")
    kind, name = as_object(choice).get("type"), as_text(as_object(choice).get("name"))
    if kind not in _CHOICES:
        yield _invalid(
            f"tool_choice: Input tag '{_shown(str(kind))}' found using 'type' does not match any "
            f"of the expected tags: {_listed(_CHOICES)}"
        )
    if kind == "tool" and name not in names:
        yield _invalid(f"tool_choice: Tool '{_shown(name)}' not found in provided tools")


def _tool(path: str, tool: dict[str, Any]) -> Iterator[ModelRefusal]:
    name, schema = tool.get("name"), tool.get("input_schema")
    if name is None:
        yield _invalid(f"{path}.name: Field required")
    if not _NAME.fullmatch(as_text(name)):
        yield _invalid(f"{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    if schema is None:
        yield _invalid(f"{path}.input_schema: Field required")
    if not is_object(schema):
        yield _invalid(f"{path}.input_schema: Input should be a valid dictionary")
    if as_object(schema).get("type") != "object":
        yield _invalid(f"{path}.input_schema.type: Input should be 'object'")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


# --- blocks and texts -------------------------------------------------------------------------


def _blocks(messages: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    for number, message in enumerate(messages):
        if isinstance(content := message.get("content"), str):
            continue
        for index, block in enumerate(as_list(content)):
            # Most are right, and paths and sentences are made for a refusal only.
            if not _is_block(as_object(block)):
                yield from _bad_block(f"messages.{number}.content.{index}", block)
            elif as_object(block).get("type") == "image":
                path = f"messages.{number}.content.{index}"
                yield from anthropic_picture_refusals(as_object(block), path)


def _is_block(block: dict[str, Any]) -> bool:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _BLOCK_SET:
        return False
    if not all(isinstance(block.get(name), str) for name in _NEEDED.get(kind, ())):
        return False
    if kind != "tool_use":
        return True
    return isinstance(block.get("input"), dict) and _ID.fullmatch(block["id"]) is not None


def _bad_block(path: str, value: object) -> Iterator[ModelRefusal]:
    if not is_object(value):
        yield _invalid(f"{path}: Input should be a valid dictionary")
        return
    block = as_object(value)
    kind = block.get("type")
    if kind is None:
        yield _invalid(f"{path}.type: Field required")
    if kind not in _BLOCKS:
        yield _invalid(
            f"{path}: Input tag '{_shown(str(kind))}' found using 'type' does not match any of "
            f"the expected tags: {_listed(_BLOCKS)}"
        )
    for name in _NEEDED.get(as_text(kind), ()):
        if block.get(name) is None:
            yield _invalid(f"{path}.{kind}.{name}: Field required")
        if not isinstance(block[name], str):
            yield _invalid(f"{path}.{kind}.{name}: Input should be a valid string")
    if kind == "tool_use":
        if not is_object(block.get("input")):
            yield _invalid(f"{path}.tool_use.input: Input should be a valid dictionary")
        if not _ID.fullmatch(as_text(block.get("id"))):
            yield _invalid(f"{path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")


def _texts(system: object, messages: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    yield from _empty_texts("system", as_list(system))
    last = len(messages) - 1
    for number, message in enumerate(messages):
        content = message.get("content")
        final = number == last and message.get("role") == "assistant"
        if isinstance(content, str) and not final and content and not content.isspace():
            continue
        if not content and not final:
            yield _invalid(
                f"messages.{number}: all messages must have non-empty content except for the "
                "optional final assistant message"
            )
        if isinstance(content, str) and content and not content.strip():
            yield _invalid("messages: text content blocks must contain non-whitespace text")
        yield from _empty_texts("messages", as_list(content))
        last_text = content if isinstance(content, str) else _last_text(as_list(content))
        if final and last_text != last_text.rstrip():
            yield _invalid("messages: final assistant content cannot end with trailing whitespace")


def _last_text(blocks: list[Any]) -> str:
    return as_text(as_object(blocks[-1]).get("text")) if blocks else ""


def _empty_texts(path: str, blocks: list[Any]) -> Iterator[ModelRefusal]:
    for block in map(as_object, blocks):
        text = block.get("text")
        if block.get("type") != "text" or not isinstance(text, str):
            continue
        if not text:
            yield _invalid(f"{path}: text content blocks must be non-empty")
        elif not text.strip():
            yield _invalid(f"{path}: text content blocks must contain non-whitespace text")


# --- the history ------------------------------------------------------------------------------


_TEXT: Final[list[Any]] = [{"type": "text"}]
"""The blocks of a message that is a text, of which the history needs the type alone."""


@frozen
class _Turn:
    """Messages of one role in a row: the number of the first, and the blocks of all."""

    number: int
    role: str
    blocks: list[dict[str, Any]]

    def ids(self, kind: str, name: str) -> list[str]:
        """The ids in blocks of this type."""
        return [as_text(block.get(name)) for block in self.blocks if block.get("type") == kind]


def _turns(messages: list[dict[str, Any]]) -> Iterator[_Turn]:
    for role, group in groupby(enumerate(messages), key=lambda item: as_text(item[1].get("role"))):
        numbered = list(group)
        blocks = [block for _, message in numbered for block in _content(message.get("content"))]
        yield _Turn(numbered[0][0], role, blocks)


def _content(content: object) -> list[Any]:
    return _TEXT if isinstance(content, str) else as_list(content)


def _history(messages: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    if not any(isinstance(message.get("content"), list) for message in messages):
        return
    used: set[str] = set()
    calls: list[str] = []
    asked_at = 0
    for turn in _turns(messages):
        if turn.role == "user":
            yield from _results(turn, calls, asked_at)
            calls = []
            continue
        calls, asked_at = turn.ids("tool_use", "id"), turn.number
        for id_ in calls:
            if id_ in used:
                yield _invalid(f"messages.{turn.number}: `tool_use` ids must be unique")
            used.add(id_)
    if calls:
        yield _without_result(asked_at, calls)


def _results(turn: _Turn, calls: list[str], asked_at: int) -> Iterator[ModelRefusal]:
    first = takewhile(lambda block: block.get("type") == "tool_result", turn.blocks)
    results = {as_text(block.get("tool_use_id")) for block in first}
    if missing := [id_ for id_ in calls if id_ not in results]:
        yield _without_result(asked_at, missing)
    call_ids, result_ids = set(calls), set[str]()
    for id_ in turn.ids("tool_result", "tool_use_id"):
        if id_ not in call_ids:
            yield _invalid(
                f"messages.{turn.number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{_shown(id_)}. Each `tool_result` block must have a corresponding `tool_use` "
                "block in the previous message."
            )
        if id_ in result_ids:
            yield _invalid(
                f"messages.{turn.number}: each tool_use must have a single result. Found multiple "
                f"`tool_result` blocks with id: {_shown(id_)}"
            )
        result_ids.add(id_)


def _without_result(number: int, ids: list[str]) -> ModelRefusal:
    listed = ", ".join(map(_shown, ids[:10]))
    return _invalid(
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately "
        f"after: {listed}. Each `tool_use` block must have a corresponding `tool_result` block in "
        "the next message."
    )
