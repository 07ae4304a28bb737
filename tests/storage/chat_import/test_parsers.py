"""Conversations as ChatGPT and Claude export them, and as nobody should write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chat_import import chatgpt, claude
from storage.chat_import.archive import chat_of
from storage.chat_import.format import ChatConversation, ChatError, ChatMessage, as_time
from tests.support.chat_exports import exported


def words(chat: ChatConversation) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in chat.messages]


# --- as they are ------------------------------------------------------------------------------


def test_the_current_branch_of_chatgpt_is_what_its_page_shows() -> None:
    chat = chatgpt.chat_of(exported("chatgpt.json")[0])
    assert (chat.title, chat.created_s) == ("The old lighthouse", 1767225600.25)
    assert chat.session_id == "5f0c1d2e00004000800000000000a001"
    assert words(chat) == [
        ("user", "How high is the old lighthouse?"),
        (
            "assistant",
            "It is 41 metres high, and painted red and white.\n\nShall I draw it?",
        ),
        ("user", "[image]\nYes, like this."),
        ("assistant", "[image]\n\nHere it is."),
        ("user", "And who keeps the light?"),
        ("assistant", "Nobody has to: it runs by itself since 1988."),
    ]
    assert [message.model for message in chat.messages] == ["", "gpt-4o", "", "gpt-5", "", "gpt-5"]


def test_the_current_branch_of_claude_is_without_thoughts_and_tools() -> None:
    chat = claude.chat_of(exported("claude.json")[0])
    assert words(chat) == [
        ("user", "Where does the path begin?"),
        ("assistant", "At the mill."),
        ("user", "And how long is it?\n[map.png]"),
        ("assistant", "Let me look at the map.\n\nNine kilometres, there and back."),
        ("user", "Pack: water, bread, a coat."),
    ]
    assert {message.model for message in chat.messages} == {"", "claude-sonnet-4-5"}


def test_older_exports_of_claude_are_a_plain_list() -> None:
    chat = claude.chat_of(exported("claude.json")[1])
    assert words(chat) == [
        ("user", "Say hello in three languages."),
        ("assistant", "Hello, hola, hallo."),
    ]


def claude_messages(*rows: tuple[str, str | None, str]) -> list[dict[str, Any]]:
    """Messages of name, parent and sender; the name is the text."""
    return [
        {"uuid": name, "parent_message_uuid": parent, "sender": sender, "text": name}
        for name, parent, sender in rows
    ]


ASKED_TWICE = (
    ("first", None, "human"),
    ("old answer", "first", "assistant"),
    ("new answer", "first", "assistant"),
)


@pytest.mark.parametrize(
    ("rows", "leaf", "current"),
    [
        (ASKED_TWICE, "", ["first", "new answer"]),
        (ASKED_TWICE, "old answer", ["first", "old answer"]),
        # The first prompt was edited: two roots.
        (
            (*ASKED_TWICE, ("edited", None, "human"), ("its answer", "edited", "assistant")),
            "its answer",
            ["edited", "its answer"],
        ),
        # Only later messages name their parents: the beginning is not lost.
        (
            (
                ("first", None, "human"),
                ("answer", None, "assistant"),
                ("second", "answer", "human"),
            ),
            "second",
            ["first", "answer", "second"],
        ),
        (
            (("first", None, "human"), ("second", None, "human"), ("third", None, "human")),
            "third",
            ["first", "second", "third"],
        ),
    ],
)
def test_a_root_of_claude_without_a_parent_has_branches(
    rows: tuple[tuple[str, str | None, str], ...], leaf: str, current: list[str]
) -> None:
    chat = {"chat_messages": claude_messages(*rows), "current_leaf_message_uuid": leaf}
    assert [message.text for message in claude.chat_of(chat).messages] == current


def test_without_a_current_node_the_newest_message_ends_it() -> None:
    chat = exported("chatgpt.json")[0]
    del chat["current_node"]
    assert words(chatgpt.chat_of(chat))[-1][1].startswith("Nobody has to")
    chat["current_node"] = "gone"
    assert len(chatgpt.chat_of(chat).messages) == 6


def test_footnotes_go_and_other_brackets_stay() -> None:
    message = {
        "author": {"role": "assistant"},
        "content": {
            "content_type": "text",
            "parts": ["So【4†source】 it 【is】 \ue200url\ue202here\ue202https://x\ue201\ue203."],
        },
    }
    chat = {"mapping": {"a": {"message": message}}}
    assert words(chatgpt.chat_of(chat)) == [("assistant", "So it 【is】 here.")]


def test_neither_kind_is_none() -> None:
    assert chat_of({"conversation_id": "a", "title": "shared"}) is None


# --- as they should not be --------------------------------------------------------------------


def test_a_circle_is_refused() -> None:
    nodes = {"a": {"parent": "b"}, "b": {"parent": "c"}, "c": {"parent": "b"}}
    with pytest.raises(ChatError, match="circle"):
        chatgpt.chat_of({"mapping": nodes, "current_node": "a"})
    messages = [
        {"uuid": "a", "parent_message_uuid": "b"},
        {"uuid": "b", "parent_message_uuid": "a"},
    ]
    with pytest.raises(ChatError, match="circle"):
        claude.chat_of({"chat_messages": messages})


@pytest.mark.parametrize("messages", [None, 3, "x", True])
def test_messages_of_the_wrong_type_are_refused(messages: object) -> None:
    with pytest.raises(ChatError, match="missing"):
        chatgpt.chat_of({"mapping": messages})
    with pytest.raises(ChatError, match="missing"):
        claude.chat_of({"chat_messages": messages})


def test_too_much_is_refused() -> None:
    message = {"sender": "human", "text": "x" * (9 << 20)}
    with pytest.raises(ChatError, match="too long"):
        claude.chat_of({"chat_messages": [message]})
    with pytest.raises(ChatError, match="more than"):
        claude.chat_of({"chat_messages": [{"sender": "human", "text": "x"}] * 100_001})


def test_two_messages_of_one_id_do_not_make_a_circle() -> None:
    root = "00000000-0000-4000-8000-000000000000"
    message = {"uuid": "a", "parent_message_uuid": root, "sender": "human", "text": "Once?"}
    assert words(claude.chat_of({"chat_messages": [message, message]})) == [("user", "Once?")]


NO_TIMES: tuple[Any, ...] = (True, -1, 1e300, 10**400, float("nan"), "soon", [], None, "")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1767225600.25, 1767225600.25),
        ("2026-01-01T00:00:00Z", 1767225600.0),
        *[(bad, None) for bad in NO_TIMES],
    ],
)
def test_only_times_are_times(value: object, seconds: float | None) -> None:
    assert as_time(value) == seconds


def test_an_id_that_is_no_uuid_names_a_session_too() -> None:
    messages = (ChatMessage("user", "Hello?"),)
    first = ChatConversation("chatgpt", "../../etc", "", None, messages)
    assert first.session_id == ChatConversation("chatgpt", "../../etc", "Other", 1.0, ()).session_id
    assert (
        first.session_id != ChatConversation("claude", "../../etc", "", None, messages).session_id
    )
    assert len(first.session_id) == 32
    assert int(first.session_id, 16)
    unnamed = ChatConversation("chatgpt", "", "", None, messages)
    assert (
        unnamed.session_id
        != ChatConversation("chatgpt", "", "", None, (ChatMessage("user", "Bye."),)).session_id
    )


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "a", "b", "root", "user", "assistant", "human", "text", "code", "\x1b["]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "message author role content parts text content_type parent metadata create_time "
                "recipient weight uuid sender type a parent_message_uuid attachments file_name "
                "extracted_content model".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)
ODD_NODES = st.dictionaries(st.sampled_from(["a", "b", "root", ""]), ODD, max_size=4)


@given(
    st.dictionaries(st.sampled_from(["current_node", "title", "create_time", "id"]), ODD), ODD_NODES
)
def test_wrong_types_in_chatgpt_never_break_it(fields: dict[str, Any], nodes: object) -> None:
    _check(chatgpt.chat_of, fields | {"mapping": nodes})


@given(
    st.dictionaries(st.sampled_from(["uuid", "name", "created_at", "model"]), ODD), st.lists(ODD)
)
def test_wrong_types_in_claude_never_break_it(fields: dict[str, Any], messages: object) -> None:
    _check(claude.chat_of, fields | {"chat_messages": messages})


def _check(parse: Any, fields: dict[str, Any]) -> None:
    try:
        chat = parse(fields)
    except ChatError:
        return
    assert all(
        message.text.strip() and message.role in ("user", "assistant") for message in chat.messages
    )
    assert "\x1b" not in chat.title
    assert len(chat.session_id) == 32
