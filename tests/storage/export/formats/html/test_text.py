"""Text of models as elements of a page: what it shows, and what it can never become."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.export.formats.html.elements import (
    ALLOWED,
    EVERYWHERE,
    Element,
    embedded_json,
    escaped,
    written,
)
from storage.export.formats.html.text import harmless, harmless_line, markdown, verbatim
from tests.support.hostile_markup import HOSTILE


class Found(HTMLParser):
    """Everything a page is made of, as a parser that knows nothing of us sees it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []
        self.links: list[str] = []
        self.odd: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ALLOWED:
            self.odd.append(tag)
            return
        self.odd += [name for name, _ in attrs if name not in ALLOWED[tag] | EVERYWHERE]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.odd.append(f"{tag}/")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.odd.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.odd.append(f"<?{data}")

    def unknown_decl(self, data: str) -> None:
        self.odd.append(f"<![{data}")


def parsed(html: str) -> Found:
    parser = Found()
    parser.feed(html)
    parser.close()
    return parser


def html_of(text: str) -> str:
    return "".join(written(markdown(text).nodes))


def held_harmless(html: str) -> None:
    page = parsed(html)
    html.encode()
    assert page.odd == []
    for href in page.links:
        assert href.lower().startswith(("http://", "https://", "mailto:")), href


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_hostile_is_only_read(text: str) -> None:
    held_harmless(html_of(text))
    held_harmless("".join(written(verbatim(text).nodes)))


pieces = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from(["\n", "\n\n", "> ", "- ", "1. ", "# ", "```", "**", "_", "`", "|", "]("]),
    st.sampled_from(["<", ">", "&", '"', "'", "&#x3c;", "javascript:", "\\", "\t", "\r", "\ud800"]),
    st.text(max_size=20),
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_no_markdown_makes_anything_else_than_what_is_listed(text: str) -> None:
    rendered = markdown(text)
    held_harmless("".join(written(rendered.nodes)))
    timed = written(rendered.nodes, lambda word: {"data-from": str(word), "data-to": "9"})
    held_harmless("".join(timed))
    sources = [word.source for word in rendered.words]
    assert sources == sorted(sources)
    assert all(0 <= source <= len(text) for source in sources)


@given(st.text())
def test_a_prompt_is_shown_as_it_was_written(text: str) -> None:
    page = parsed("".join(written(verbatim(text).nodes)))
    assert page.tags == ["p"]
    assert page.text.split() == harmless(text).split()


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_data_ends_no_script(value: object) -> None:
    text = embedded_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_markdown_means_what_it_means() -> None:
    text = "# A *b*\n\n3. c\n4. d\n   - [x] e\n\n> f\n\n| g |\n|--:|\n| `h` |\n\n~~i~~\\\nj **k**"
    assert html_of(text).replace("\n", "") == (
        '<h3 dir="auto">A <em>b</em></h3>'
        '<ol start="3"><li dir="auto">c</li><li dir="auto">d<ul><li dir="auto">☑ e</li></ul></li>'
        '</ol><blockquote><p dir="auto">f</p></blockquote>'
        '<div class="wide"><table><thead><tr><th class="right" dir="auto">g</th></tr></thead>'
        '<tbody><tr><td class="right" dir="auto"><code>h</code></td></tr></tbody></table></div>'
        '<p dir="auto"><s>i</s><br>j <strong>k</strong></p>'
    )


@pytest.mark.parametrize("unit", ["> ", "- ", "[", "![", "*a ", "**a *b ", "`a``", "|-", "<", "a@"])
def test_no_text_is_too_deep_or_too_dear(unit: str) -> None:
    held_harmless(html_of(unit * 3_000))


def test_links_show_where_they_lead() -> None:
    html = html_of("[bank](https://example.org/a?b&c) <me@example.org> https://example.org main.py")
    assert parsed(html).links == [
        "https://example.org/a?b&c",
        "mailto:me@example.org",
        "https://example.org",
    ]
    assert html.count('rel="noopener noreferrer nofollow"') == 3
    assert 'title="https://example.org/a?b&amp;c"' in html


def test_words_know_where_they_stand() -> None:
    text = "A **bold**, [link](http://bold.example) bold &amp; \\*x\\*\n\n```\ncode\n```\n\n- bold"
    rendered = markdown(text)
    at = {word.text: word.source for word in rendered.words}
    assert [word.text for word in rendered.words] == (
        ["A", "bold,", "link", "bold", "&", "*x*", "", "bold"]
    )
    bold = [word.source for word in rendered.words if word.text == "bold"]
    assert bold == [text.index(" bold &") + 1, text.rindex("bold")]
    assert (at["bold,"], at["link"], at[""]) == (4, text.index("link"), text.index("```"))


def test_emoji_stay_whole_and_directions_are_not_turned() -> None:
    assert harmless("👨‍👩‍👧 ☎️ \u202eab\u2066c\u2069") == "👨‍👩‍👧 ☎️ abc"
    assert harmless_line("a\r\n b\x07\ud800") == "a b\ufffd"


@pytest.mark.parametrize(
    ("tag", "attribute"),
    [("p", "onclick"), ("a", "style"), ("img", "onerror"), ("iframe", "class")],
)
def test_what_is_not_listed_cannot_be_made(tag: str, attribute: str) -> None:
    with pytest.raises((KeyError, ValueError), match=rf"{tag}"):
        Element(tag, attributes={attribute: ""})


def test_escaping_holds_in_attributes() -> None:
    assert escaped("\"'<>&") == "&quot;&#x27;&lt;&gt;&amp;"
