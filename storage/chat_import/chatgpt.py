"""A conversation of a ChatGPT data export: a tree of messages, of which one branch is current.

What the page of the service does not show is left out: hidden and system messages, what a model
said to its tools and they to it, and what it thought.
"""

from __future__ import annotations

import json
import re
from typing import Any

from storage.chat_import.format import (
    ChatConversation,
    ChatError,
    ChatMessage,
    as_line,
    as_list,
    as_object,
    as_text,
    as_time,
    joined,
    path_to,
)

SERVICE = "chatgpt"

_NO_ANSWER = frozenset(
    {"thoughts", "reasoning_recap", "user_editable_context", "model_editable_context"}
    | {"execution_output", "tether_quote", "tether_browsing_display", "system_error"}
)
# What the service draws as a footnote or a card: a kind, and names of what it looked up.
_MARKED = re.compile("\ue200([^\ue200\ue201]{0,4000})\ue201")
_FOOTNOTE = re.compile("【[^【】]{0,80}†[^【】]{0,400}】")
_MARKS = re.compile("[\ue200-\ue2ff]")


def is_chat(document: dict[str, Any]) -> bool:
    """Whether an object is a conversation of this kind."""
    return "mapping" in document


def chat_of(document: dict[str, Any]) -> ChatConversation:
    """The conversation that an object of the export holds.

    Raises:
        ChatError: its messages cannot be put in order, or are too many.
    """
    if not isinstance(document.get("mapping"), dict):
        raise ChatError("its messages are missing")
    nodes = {name: as_object(node) for name, node in as_object(document["mapping"]).items()}
    default = as_line(document.get("default_model_slug"))
    parents = {name: as_text(node.get("parent")) for name, node in nodes.items()}
    path = path_to(_leaf(as_text(document.get("current_node")), nodes), parents)
    messages = [
        message
        for name in path
        if (message := _message(as_object(nodes[name].get("message")), default))
    ]
    return ChatConversation(
        SERVICE,
        as_line(document.get("conversation_id") or document.get("id")),
        as_line(document.get("title")),
        as_time(document.get("create_time")),
        joined(messages),
    )


def _leaf(current: str, nodes: dict[str, dict[str, Any]]) -> str:
    """Id of the last message of the current branch; the newest message, if the export names
    none."""
    if current in nodes:
        return current

    def age(name: str) -> float:
        return as_time(as_object(nodes[name].get("message")).get("create_time")) or 0.0

    # Of equals the last one: a branch is written from its root.
    return max(reversed(list(nodes)), key=age, default="")


def _message(message: dict[str, Any], default: str) -> ChatMessage | None:
    role = as_text(as_object(message.get("author")).get("role"))
    metadata = as_object(message.get("metadata"))
    content = as_object(message.get("content"))
    hidden = metadata.get("is_visually_hidden_from_conversation") is True
    if hidden or message.get("weight") == 0 or as_text(message.get("recipient") or "all") != "all":
        return None
    if as_text(content.get("content_type")) in _NO_ANSWER:
        return None
    at_s = as_time(message.get("create_time"))
    if role == "user":
        return ChatMessage("user", _text(content), at_s)
    if role == "assistant":
        model = as_line(metadata.get("model_slug")) or default
        return ChatMessage("assistant", _without_marks(_text(content)), at_s, model)
    # A picture is the one thing that a tool shows by itself.
    pictures = _pictures(content) if role == "tool" else ""
    return ChatMessage("assistant", pictures, at_s, default) if pictures else None


def _text(content: dict[str, Any]) -> str:
    parts = as_list(content.get("parts"))
    if not parts:
        text = as_text(content.get("text"))
        code = as_text(content.get("content_type")) == "code"
        return f"```\n{text}\n```" if code and text else text
    texts = [part if isinstance(part, str) else _part(as_object(part)) for part in parts]
    has_transcript = any(
        as_object(part).get("content_type") == "audio_transcription" for part in parts
    )
    return "\n".join(
        piece for piece in texts if piece and not (has_transcript and piece == "[audio]")
    )


def _part(part: dict[str, Any]) -> str:
    kind = as_text(part.get("content_type"))
    if "image" in kind:
        return "[image]"
    if kind == "audio_transcription" or as_text(part.get("text")):
        return as_text(part.get("text"))
    return "[audio]" if "audio" in kind else ""


def _pictures(content: dict[str, Any]) -> str:
    kinds = [as_text(as_object(part).get("content_type")) for part in as_list(content.get("parts"))]
    return "\n".join("[image]" for kind in kinds if "image" in kind)


def _without_marks(text: str) -> str:
    if "\ue200" in text:
        text = _MARKED.sub(lambda match: _visible(match[1]), text)
    return _MARKS.sub("", _FOOTNOTE.sub("", text))


def _visible(marked: str) -> str:
    """The words that the service's page shows for a mark."""
    kind, *rest = marked.split("\ue202")
    if kind == "url" and rest:
        return rest[0]
    if kind == "entity" and rest:
        try:
            names = as_list(json.loads(rest[0]))
        except (ValueError, RecursionError):
            return ""
        return as_text(names[1]) if len(names) > 1 else ""
    return ""
