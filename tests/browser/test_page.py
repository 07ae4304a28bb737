"""A session's page as a person has it: opened from the disk, in a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from playwright.async_api import Browser, Locator, Page

from fixtures import recordings
from gramophone.core.timeline import AudioReceived, Event, SessionEnded
from gramophone.library.export_request import FORMS, ExportRequest, Pauses
from storage.export.excerpt import Excerpt, TimedWord
from storage.export.stored_session import kept_session
from storage.home import Home
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.deadlines import HANG_S
from tests.support.hostile_markup import HOSTILE
from tests.support.recordings import SESSION_ID, record

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAUSES = Pauses(given_us=FORMS["html"].pause_us)
RECORDED = "dd4acff339a3baa3"
# The policy forbids what playwright's own waiting is made of.
_UNTIL = """new Promise((done) => {
    const look = () => (%s) ? done() : requestAnimationFrame(look);
    look();
})"""
# Where the decoder, which knows nothing of the page, hears tones begin, in seconds.
_TONES_BEGIN = """(async () => {
    const bytes = Uint8Array.from(atob(sound.src.split(",")[1]), (one) => one.charCodeAt(0));
    const context = new OfflineAudioContext(1, 1, RATE);
    const samples = (await context.decodeAudioData(bytes.buffer)).getChannelData(0);
    const begins = [];
    let loud = -RATE;
    for (let place = 0; place < samples.length; place += 1) {
        if (Math.abs(samples[place]) < 0.1) continue;
        if (place - loud > RATE / 10) begins.push(place / RATE);
        loud = place;
    }
    return begins;
})()"""


async def until(page: Page, condition: str) -> None:
    """Wait until `condition` is true in the page."""
    try:
        async with asyncio.timeout(HANG_S):
            await page.evaluate(_UNTIL % condition)
    except TimeoutError:
        pytest.fail(f"It never came to this: {condition}")


@asynccontextmanager
async def watched(page: Page) -> AsyncGenerator[None]:
    """The page may ask for nothing but its own file and what is in it, and has nothing to say."""
    urls: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("dialog", lambda dialog: messages.append(dialog.message))
    yield
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in urls if url.startswith("file:")]) == 1
    assert messages == []


async def exported(home: Path, session_id: str = SESSION_ID) -> Path:
    path = home.with_suffix(".html")
    async with await StoredLibrary.open(home) as library:
        await library.export([session_id], ExportRequest("html", path, pauses=PAUSES))
    return path


async def recorded(home: Path) -> tuple[Path, Excerpt]:
    """The page of a real recording, and what is heard when."""
    async with await StoredLibrary.open(home) as library:
        await library.import_bundle(recordings.path_of("long-markdown"))
    order = ExportRequest("html", home, pauses=PAUSES)
    with kept_session(Home.at(home), RECORDED, order) as session:
        timed = session.timed_excerpt
    return await exported(home, RECORDED), timed


async def opened(page: Page, path: Path) -> None:
    await page.goto(path.as_uri())
    await until(page, "!window.sound || sound.readyState >= 2")


async def sought(page: Page, ms: float) -> None:
    """Put the sound there without a hand, and wait until the page shows it."""
    await page.evaluate(f"sound.currentTime = {ms / 1000}")
    await until(page, f"!sound.seeking && Math.abs(place.value - {ms}) < 2")


async def position_ms(page: Page) -> float:
    return 1000 * await page.evaluate("sound.currentTime")


def tone(silence_s: float, tone_s: float, rate_hz: int) -> bytes:
    time_s = np.arange(round(tone_s * rate_hz)) / rate_hz
    sound = np.sin(2 * np.pi * 440 * time_s) * 16_384
    return bytes(2 * round(silence_s * rate_hz)) + sound.astype("<i2").tobytes()


def talk(*exchanges: tuple[str, str], pcm: bytes, rate_hz: int = 48_000) -> list[Event]:
    events: list[Event] = [session_started(sample_rate_hz=rate_hz)]
    for number, (question, answer) in enumerate(exchanges):
        start_us = 1_000_000 + number * 10_000_000
        events += spoken_exchange(
            question, answer, first_turn=2 * number, start_us=start_us, frames=(pcm,)
        )
    return [*events, SessionEnded(at_us=90_000_000)]


@pytest.fixture
async def short_talk(tmp_path: Path) -> Path:
    """Three exchanges, each answered for four seconds: they begin at 0, 4.6 and 9.2 s."""
    home = tmp_path / "home"
    exchanges = (
        ("What is it?", "A horn, a needle and a record."),
        ("And then?", "The needle follows. The *horn* sings, and the horn sings again."),
        ("Why?", "Nobody knows."),
    )
    await record(home, talk(*exchanges, pcm=tone(0.2, 3.8, 48_000)))
    return await exported(home)


async def test_it_plays_and_words_light_up(page: Page, tmp_path: Path) -> None:
    path, _ = await recorded(tmp_path / "home")
    async with watched(page):
        await opened(page, path)
        assert await page.locator(".lit").count() == 0
        assert await page.evaluate("Math.abs(sound.duration - 56.68) < 0.001")
        await page.keyboard.press("Space")
        await until(page, "sound.currentTime > 0.5 && document.querySelector('.lit')")
        assert await page.locator("html.on.following").count() == 1
        assert await page.get_by_role("button", name="Pause").count() == 1
        # What is still to come has stepped back, what was heard has not.
        to_come = page.get_by_text("Berliner")
        await until(page, "getComputedStyle(document.querySelector('p:last-child .w')).opacity < 1")
        assert "ahead" in (await to_come.get_attribute("class") or "")
        await page.keyboard.press("Space")
        await until(page, "sound.paused")
        await until(
            page, "getComputedStyle(document.querySelector('p:last-child .w')).opacity == 1"
        )


async def test_the_word_that_is_heard_is_the_one_that_is_lit(page: Page, tmp_path: Path) -> None:
    path, timed = await recorded(tmp_path / "home")
    words = [word for turn in timed.turns for passage in turn.passages for word in passage.words]
    async with watched(page):
        await opened(page, path)
        places: list[int] = []
        for word in words:
            await sought(page, (word.start_us + word.end_us) / 2000)
            lit = await page.evaluate(
                "[...document.querySelectorAll('.w')].flatMap((node, place) =>"
                "node.classList.contains('lit') ? [[place, node.textContent]] : [])"
            )
            if lit:
                assert "".join(text for _, text in lit).strip(".,:") == word.text.strip(".,:")
                places.append(lit[0][0])
            else:
                # The number of a list's item, which the browser writes.
                assert re.fullmatch(r"\d\.", word.text)
        assert places == sorted(set(places))
        assert len(places) == len(words) - 3


async def test_a_click_on_a_word_or_in_the_waveform_goes_there(page: Page, tmp_path: Path) -> None:
    path, timed = await recorded(tmp_path / "home")
    horn = next(word for word in all_words(timed) if word.text == "horn.push()")
    async with watched(page):
        await opened(page, path)
        await page.locator("code .w", has_text="horn.push()").click()
        assert await position_ms(page) == pytest.approx(horn.start_us / 1000, abs=1)
        assert await page.locator(".lit").text_content() == "horn.push()"
        box = await page.locator("#wave").bounding_box()
        assert box is not None
        for share in (0.25, 0.9):
            await page.mouse.click(box["x"] + share * box["width"], box["y"] + 20)
            wanted_ms = share * timed.duration_us / 1000
            assert await position_ms(page) == pytest.approx(wanted_ms, abs=200)
        # The same slider with keys, for those who cannot point.
        slider = page.get_by_role("slider", name="Place in the sound")
        before_ms = await position_ms(page)
        await slider.press("ArrowLeft")
        assert await position_ms(page) == pytest.approx(before_ms - 5_000, abs=50)
        assert re.fullmatch(r"0:\d\d of 0:56", await slider.get_attribute("aria-valuetext") or "")


def all_words(timed: Excerpt) -> Sequence[TimedWord]:
    return [word for turn in timed.turns for passage in turn.passages for word in passage.words]


async def test_the_text_is_searched(page: Page, short_talk: Path) -> None:
    async with watched(page):
        await opened(page, short_talk)
        await page.keyboard.press("/")
        await page.keyboard.type("HORN  sings")
        await says(page.locator("#hits"), "1 of 2")
        marked = "[...CSS.highlights.get('hit-now')].map(String).join()"
        assert await page.evaluate(marked) == "horn sings"
        await page.keyboard.press("Enter")
        await says(page.locator("#hits"), "2 of 2")
        await page.keyboard.press("Shift+Enter")
        await says(page.locator("#hits"), "1 of 2")
        await page.get_by_role("button", name="Next hit").click()
        await page.keyboard.press("n")
        await says(page.locator("#hits"), "1 of 2")
        await page.keyboard.press("N")
        await says(page.locator("#hits"), "2 of 2")
        await page.locator("#wanted").fill("(trumpet")
        await says(page.locator("#hits"), "no hits")
        await page.keyboard.press("Escape")
        assert not await page.locator("#finder").is_visible()
        assert await page.evaluate("CSS.highlights.get('hit').size") == 0


async def says(locator: Locator, text: str) -> None:
    assert await locator.text_content() == text


async def test_everything_has_a_key(page: Page, short_talk: Path) -> None:
    async with watched(page):
        await opened(page, short_talk)
        for key, expected_ms in (
            ("j", 0),  # the first question
            ("j", 0),  # and its answer
            ("j", 4_000),
            ("j", 4_600),
            ("k", 4_000),
            ("ArrowRight", 9_000),
            ("ArrowLeft", 4_000),
            ("End", 13_200),
            ("Home", 0),
        ):
            await page.keyboard.press(key)
            assert await position_ms(page) == pytest.approx(expected_ms, abs=1), key
        for key, speed in ((">", 1.25), (">", 1.5), ("<", 1.25)):
            await page.keyboard.press(key)
            assert await page.evaluate("[sound.playbackRate, +speed.value]") == [speed, speed]
        await page.locator("#speed").select_option("3")
        assert await page.evaluate("[sound.playbackRate, sound.preservesPitch]") == [3, True]
        await page.keyboard.press("?")
        assert await page.get_by_role("dialog", name="Keys").is_visible()
        await page.keyboard.press("Escape")
        assert not await page.get_by_role("dialog").is_visible()


async def test_who_scrolls_away_is_left_there(page: Page, short_talk: Path) -> None:
    async with watched(page):
        await opened(page, short_talk)
        follow = page.get_by_role("button", name="Follow")
        assert not await follow.is_visible()
        await page.keyboard.press("Space")
        await until(page, "sound.currentTime > 0.1")
        await page.mouse.wheel(0, 10)
        await follow.click()
        assert not await follow.is_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_it_is_dark_or_light_as_the_system_or_as_one_likes(
    page: Page, short_talk: Path, scheme: Literal["dark", "light"]
) -> None:
    async with watched(page):
        await page.emulate_media(color_scheme=scheme)
        await opened(page, short_talk)
        colours = [await paper(page)]
        for _ in range(3):
            await page.keyboard.press("d")
            colours.append(await paper(page))
    dark, light = "rgb(23, 24, 27)", "rgb(251, 250, 247)"
    assert colours == [dark if scheme == "dark" else light, dark, light, colours[0]]


async def paper(page: Page) -> str:
    return await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


async def test_a_talk_without_sound_is_read_and_searched(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    events = talk(("Is it?", "It *is* so."), pcm=b"\1\0")
    await record(home, [event for event in events if not isinstance(event, AudioReceived)])
    async with watched(page):
        await opened(page, await exported(home))
        for name in ("#play", "#wave", "#clock", "#speed"):
            assert not await page.locator(name).is_visible()
        await page.keyboard.press("Space")
        await page.keyboard.press("j")
        assert await page.evaluate("document.activeElement.id") == "turn-0"
        await page.keyboard.press("/")
        await page.keyboard.type("is so")
        await says(page.locator("#hits"), "1 of 1")


async def test_without_scripts_it_is_read_and_heard(browser: Browser, short_talk: Path) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    async with watched(page):
        await page.goto(short_talk.as_uri())
        for text in ("And then?", "The needle follows. The horn sings, and the horn sings again."):
            assert await page.get_by_text(text).first.is_visible()
        sound = page.locator("audio")
        assert await sound.is_visible()
        assert await sound.get_attribute("controls") == ""
        assert not await page.locator("#controls").is_visible()


async def test_it_fits_a_phone_and_a_sheet_of_paper(page: Page, short_talk: Path) -> None:
    async with watched(page):
        await page.set_viewport_size({"width": 320, "height": 500})
        await opened(page, short_talk)
        await page.keyboard.press("Space")
        await until(page, "!sound.paused")
        await page.mouse.wheel(0, 10)
        await page.keyboard.press("/")
        assert await page.evaluate("document.documentElement.scrollWidth") == 320
        for button in await page.locator("#player button:visible").all():
            box = await button.bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= box["x"] + box["width"] <= 320
        await page.emulate_media(media="print")
        assert not await page.locator("#player").is_visible()
        assert (
            await page.evaluate("getComputedStyle(document.querySelector('.ahead')).opacity") == "1"
        )


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
async def test_the_browser_hears_each_sample_where_it_belongs(
    page: Page, tmp_path: Path, rate_hz: int
) -> None:
    home = tmp_path / "home"
    exchanges = (("a", "b"), ("c", "d"))
    await record(home, talk(*exchanges, pcm=tone(0.5, 0.5, rate_hz), rate_hz=rate_hz))
    async with watched(page):
        await opened(page, await exported(home))
        begins = await page.evaluate(_TONES_BEGIN.replace("RATE", str(rate_hz)))
        assert begins == pytest.approx([0.5, 2.1], abs=0.003)
        assert await page.evaluate("sound.duration") == pytest.approx(2.6, abs=0.003)


async def test_nothing_that_was_said_can_run(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    exchanges = [(text, text) for text in HOSTILE]
    exchanges.append(("\n\n".join(HOSTILE), "\n\n".join(HOSTILE)))
    await record(home, talk(*exchanges, pcm=tone(0, 0.1, 48_000)))
    async with await StoredLibrary.open(home) as library:
        await library.rename(SESSION_ID, "</title></script><script>ran()</script>\u202e")
    path = await exported(home)
    async with watched(page):
        await page.add_init_script("window.ran = () => { window.wasRun = true; }")
        await opened(page, path)
        assert await page.evaluate("'wasRun' in window") is False
        await page.keyboard.press("Space")
        await until(page, "sound.currentTime > 0.1")
        assert await page.title() == "</title></script><script>ran()</script>"
        assert await page.evaluate(_STRANGE) == []
        for link in await page.locator("a").all():
            assert re.match(r"https?://|mailto:", await link.get_attribute("href") or "")


_STRANGE = """[...document.querySelectorAll("*")].flatMap((node) => {
    const odd = node.closest("#talk, #head")
        ? node.matches("script, img, svg, iframe, object, embed, form, input, style, link, b")
        : node.matches("script:not(body > script), iframe, object, embed, img, base");
    const acts = node.getAttributeNames().filter((name) => /^(on|style$|srcdoc)/.test(name));
    return odd || acts.length && !node.closest("#player") ? [node.outerHTML] : [];
})"""


async def test_the_policy_holds_against_what_would_be_in_the_page(
    browser: Browser, short_talk: Path
) -> None:
    """Were there a hole in the writing of it, the browser would still run nothing."""
    attack = (
        "<script>window.wasRun = 1</script><img src=x onerror='window.wasRun = 2'>"
        "<img src='https://elsewhere.invalid/pixel.png'>"
        "<a id=lure href='javascript:window.wasRun = 3'>x</a>"
        "<iframe srcdoc='<script>parent.wasRun = 4</script>'></iframe>"
        "<style>body { background: url(https://elsewhere.invalid/y) }</style>"
    )
    broken = with_a_hole(short_talk, attack)
    page = await browser.new_page()
    messages: list[str] = []
    kept_in: list[str | None] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("requestfailed", lambda request: kept_in.append(request.failure))
    await opened(page, broken)
    await page.locator("#lure").click()
    await until(page, "document.readyState === 'complete'")
    assert await page.evaluate("'wasRun' in window") is False
    assert set(kept_in) == {"csp"}
    assert len([line for line in messages if "Content Security Policy" in line]) >= 5
    refused: Any = await page.evaluate(
        "(() => { try { document.body.innerHTML = 'x'; } catch (error) { return error.name; } })()"
    )
    assert refused == "TypeError"


def with_a_hole(path: Path, attack: str) -> Path:
    """The page with `attack` behind the first word of the first answer."""
    html = path.read_text(encoding="utf-8")
    broken = html.replace("A</span>", f"A</span>{attack}", 1)
    assert broken != html
    broken_path = path.with_name("broken.html")
    broken_path.write_text(broken, encoding="utf-8")
    return broken_path
