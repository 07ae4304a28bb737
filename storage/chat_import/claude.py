"""A conversation of a Claude data export: a list of messages, in newer ones with their parents.

What it thought and what its tools said is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gramophone.core.timeline import Role
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

SERVICE = "claude"

_ROLES: dict[str, Role] = {"human": "user", "user": "user", "assistant": "assistant"}


def is_chat(document: dict[str, Any]) -> bool:
    """Whether an object is a conversation of this kind."""
    return "chat_messages" in document


def chat_of(document: dict[str, Any]) -> ChatConversation:
    """The conversation that an object of the export holds.

    Raises:
        ChatError: its messages cannot be put in order, or are too many.
    """
    if not isinstance(document.get("chat_messages"), list):
        raise ChatError("its messages are missing")
    objects = [as_object(message) for message in as_list(document["chat_messages"])]
    model = as_line(document.get("model"))
    current = _current(objects, as_text(document.get("current_leaf_message_uuid")))
    spoken_messages = [entry for message in current if (entry := _message(message, model))]
    return ChatConversation(
        SERVICE,
        as_line(document.get("uuid")),
        as_line(document.get("name")),
        as_time(document.get("created_at")),
        joined(spoken_messages),
    )


def _current(messages: Sequence[dict[str, Any]], leaf: str) -> Sequence[dict[str, Any]]:
    """The branch that is current. Where messages do not name their parents, or the branch does
    not begin where the conversation does, they are taken as they stand."""
    named = {as_text(message.get("uuid")): message for message in messages}
    parents = {name: as_text(message.get("parent_message_uuid")) for name, message in named.items()}
    if not messages or "" in named or not _is_tree(named, parents):
        return messages
    begins = parents[as_text(messages[0].get("uuid"))]
    path = path_to(leaf if leaf in named else as_text(messages[-1].get("uuid")), parents)
    if parents[path[0]] != begins:
        return messages
    return [named[name] for name in path]


def _is_tree(named: Mapping[str, dict[str, Any]], parents: Mapping[str, str]) -> bool:
    """Whether the messages name their parents. A first prompt may have none (null), and so may the
    versions of it; an answer always has one."""
    roots = [name for name, parent in parents.items() if not parent]
    has_known_parent = any(parent in named for parent in parents.values())
    prompts = all(_ROLES.get(as_text(named[name].get("sender"))) == "user" for name in roots)
    return not roots or (has_known_parent and prompts)


def _message(message: dict[str, Any], model: str) -> ChatMessage | None:
    role = _ROLES.get(as_text(message.get("sender")))
    if role is None:
        return None
    at_s = as_time(message.get("created_at"))
    text = _text(message)
    if role == "assistant":
        return ChatMessage(role, text, at_s, as_line(message.get("model")) or model)
    return ChatMessage(role, text, at_s)


def _text(message: dict[str, Any]) -> str:
    blocks = [as_object(block) for block in as_list(message.get("content"))]
    texts = [as_text(block.get("text")) for block in blocks if block.get("type") == "text"]
    text = "\n\n".join(piece for piece in texts if piece.strip()) or as_text(message.get("text"))
    attached = [as_object(piece) for piece in as_list(message.get("attachments"))]
    if not text.strip():
        # What is pasted and long becomes a file.
        text = "\n\n".join(as_text(piece.get("extracted_content")) for piece in attached)
    files = attached + [as_object(piece) for piece in as_list(message.get("files"))]
    names = dict.fromkeys(as_line(piece.get("file_name"), 80) for piece in files)
    return "\n".join([text, *(f"[{name}]" for name in names if name)]).strip()
