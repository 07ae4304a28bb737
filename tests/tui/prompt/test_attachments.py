"""Files in a prompt: found, completed, read, joined."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.mentions import mentions
from gramophone.text.sanitize import plain_line
from tests.support.picture_files import jpeg, picture, png
from tui.prompt.attachments import (
    LARGEST_BYTES,
    Attached,
    Attachment,
    NotAttached,
    PathEntry,
    attached,
    fragment,
    joined,
    offered,
    parted,
    scan,
)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("@notes.md", [("notes.md",)]),
        ("see @notes.md, please", [("notes.md,", "notes.md")]),
        ("(@a/b.txt)", [("a/b.txt)", "a/b.txt")]),
        ('@"my notes.md" @~/x @/etc/hosts', [("my notes.md",), ("~/x",), ("/etc/hosts",)]),
        ("me@example.org", []),
        ("@ @@", [("@",)]),
        ("@a @a", [("a",)]),
    ],
)
def test_mentions(text: str, paths: list[tuple[str, ...]]) -> None:
    assert [mention.paths for mention in mentions(text)] == paths


names = st.text(st.characters(exclude_categories=["C", "Z"])).map(plain_line).filter(bool)


@given(
    st.text(st.characters(exclude_characters="`")),
    st.lists(st.builds(Attachment, names, st.text(st.sampled_from("a`\n "))), max_size=3),
)
def test_a_prompt_can_be_parted_from_its_attachments(
    text: str, attachments: list[Attachment]
) -> None:
    """No content can end its fence early."""
    names = {attachment.name.replace("`", "'") for attachment in attachments}
    assert parted(joined(text, attachments)) == (text, names)


def test_joined_reads_like_a_letter_with_enclosures() -> None:
    text = joined("Sum up @a.md", [Attachment("a.md", "one\ntwo")])
    assert text == "Sum up @a.md\n\n`a.md`:\n```\none\ntwo\n```"


# --- completing -----------------------------------------------------------------------------------

ENTRIES = [
    PathEntry("docs", True),
    PathEntry("my notes", True),
    PathEntry(".env", False),
    PathEntry("Notes.md", False),
    PathEntry("old-notes.md", False),
    PathEntry("two words.md", False),
]


def texts(line: str) -> list[str]:
    mention = fragment(line, len(line))
    offer = offered(mention, ENTRIES) if mention else None
    return [line[: offer.start] + candidate.text for candidate in offer.candidates] if offer else []


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("@", ["@docs/", '@"my notes/', "@Notes.md ", "@old-notes.md ", '@"two words.md" ']),
        ("see @no", ["see @Notes.md ", 'see @"my notes/', "see @old-notes.md "]),
        ("@src/do", ["@src/docs/"]),
        ('@"my notes/tw', ['@"my notes/two words.md" ']),
        ("@.", ["@.env "]),
        ("@xyz", []),
        ("a@no", []),
        ("@notes.md ", []),
    ],
)
def test_offers_paths(line: str, taken: list[str]) -> None:
    assert texts(line) == taken


def test_what_is_taken_replaces_the_path_to_its_end() -> None:
    mention = fragment("see @notes.md now", 7)
    assert mention is not None
    assert (mention.start, mention.end, mention.stem) == (4, 13, "no")


def test_scan_lists_directories_first_and_no_name_that_deceives(tmp_path: Path) -> None:
    for name in ("b.txt", "A.txt", "evil\x1b[31m", "two\nlines", "rtl\u202etxt", 'quo"te'):
        (tmp_path / name).write_text("x")
    (tmp_path / "zoo").mkdir()
    (tmp_path / "link").symlink_to("zoo")
    (tmp_path / "gone").symlink_to("nowhere")
    assert [candidate.name for candidate in scan("", tmp_path)] == [
        "link",
        "zoo",
        "A.txt",
        "b.txt",
        "gone",
    ]
    assert [candidate.name for candidate in scan(f"{tmp_path}/", Path("/"))][:1] == ["link"]
    assert scan("nowhere/", tmp_path) == ()
    assert scan("b.txt/", tmp_path) == ()


# --- reading --------------------------------------------------------------------------------------


def read(text: str, directory: Path, *strange: str) -> Attached | NotAttached:
    return attached(mentions(text), directory, frozenset(strange))


def test_a_text_file_is_read_and_made_harmless(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfone\r\n\ttwo \x1b[31mred\x07\n")
    (tmp_path / "link").symlink_to("a.md")
    expected = "one\n\ttwo red\n"
    assert read("@a.md, @link and @b.md", tmp_path) == Attached(
        (Attachment("a.md", expected), Attachment("link", expected))
    )


def test_what_names_no_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    long = "x" * 5_000
    assert read(f"@nobody @docs @property @{long} @a.md/b", tmp_path) == Attached()


def test_what_was_pasted_is_named_but_not_read(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_text("secret")
    assert read("@id_rsa. @other", tmp_path, "id_rsa", "other") == Attached(unread=("id_rsa",))


NO_TEXT = "x is neither UTF-8 text nor a picture (PNG, JPEG, GIF, WebP), so it cannot be attached."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x7fELF\x00\x01", NO_TEXT),
        ("façade".encode("latin-1"), NO_TEXT),
        (
            b"\x89PNG\r\n\x1a\n\x00\x01",
            "x is a damaged PNG: it breaks off or is not what it says, so it cannot be attached.",
        ),
        (b"a" * (LARGEST_BYTES + 1), "x is larger than 200 kB; attach less of it."),
    ],
)
def test_what_is_no_text_or_too_long_is_refused(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "x").write_bytes(content)
    assert read("@x", tmp_path) == NotAttached(sentence)


def test_two_hundred_kilobytes_are_taken_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * LARGEST_BYTES)
    assert read("@x", tmp_path) == Attached((Attachment("x", "a" * LARGEST_BYTES),))


def test_a_pipe_or_a_device_is_not_even_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused = NotAttached("pipe is not a plain file, so it cannot be attached.")
    assert read("@pipe", tmp_path) == refused
    assert isinstance(read("@/dev/zero", tmp_path), NotAttached)


def test_a_file_of_the_library_is_not_even_opened(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_text("closing it would drop the locks of the program")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "library.db")
    for name in ("library.db", "notes.txt"):
        refused = f"{name} is a file of Gramophone's own library; export a session."
        assert read(f"@{name}", tmp_path) == NotAttached(refused)


def test_a_directory_named_as_such_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    refused = NotAttached("docs/ is a directory; name a file in it.")
    assert read("@docs/", tmp_path) == refused


def test_a_file_that_links_to_itself_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Any user can make this one; the tests may run as one who may read everything."""
    (tmp_path / "loop").symlink_to("loop")
    refused = read("@loop", tmp_path)
    assert isinstance(refused, NotAttached)
    assert refused.sentence.startswith("loop cannot be read: ")


def test_sixteen_files_are_enough(tmp_path: Path) -> None:
    for number in range(17):
        (tmp_path / f"f{number}").write_text("x")
    refused = read(" ".join(f"@f{number}" for number in range(17)), tmp_path)
    assert refused == NotAttached("At most 16 files can be attached to one prompt.")


# --- pictures -------------------------------------------------------------------------------------


def test_pictures_and_texts_go_together(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one")
    (tmp_path / "cat.png").write_bytes(png(8, 6))
    (tmp_path / "photo").write_bytes(jpeg())
    assert read("@cat.png, @a.md and @photo", tmp_path) == Attached(
        (Attachment("a.md", "one"),), (picture("cat.png", png(8, 6)), picture("photo", jpeg()))
    )


def test_a_picture_that_was_pasted_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(png())
    assert read("@cat.png", tmp_path, "cat.png") == Attached(unread=("cat.png",))


def test_a_picture_at_hand_is_not_read_again(tmp_path: Path) -> None:
    again = attached(mentions("@cat.png?"), tmp_path, pictures=[picture()])
    assert again == Attached(pictures=(picture(),))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "x.png is empty, so it cannot be attached."),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "x.png is not a PNG, JPEG, GIF or WebP picture, so it cannot be attached.",
        ),
        (
            png(padding_bytes=20_000_000),
            "x.png is larger than 20 MB, and no service takes such a picture; attach a smaller "
            "copy.",
        ),
    ],
    ids=["empty", "text", "large"],
)
def test_what_is_called_a_picture_must_be_one(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "x.png").write_bytes(content)
    assert read("@x.png", tmp_path) == NotAttached(sentence)


def test_pictures_have_a_limit_together(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(padding_bytes=13_000_000))
    refused = read("@a.png @b.png", tmp_path)
    assert refused == NotAttached(
        "The pictures are together larger than 24 MB; attach fewer, or smaller copies."
    )
