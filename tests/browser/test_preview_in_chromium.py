"""A preview in Chromium: the contact sheet without script, its frames, and its screenshots."""

import base64
import itertools
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from newsletter.cli.statements.screenshots import Sitting, started, take
from newsletter.config import environment
from newsletter.rendering.preview import Screenshot
from tests.acceptance.workspace import Finished, Workspace
from tests.browser.opening import Windows
from tests.browser.test_mail_in_chromium import LOW_CONTRAST

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("the command starts a Chromium of its own, for each of its views"),
]
T = TypeVar("T")

BODY = """A **bold** word and [a link](https://forum.example/more).

![A full hearing room]({picture}#1200x675 "The hearing.")

## What changes

> A library that closes at five is a library for those who do not have to work.
"""
SHOTS = {
    "light": (700, 255, 64),
    "dark": (700, 30, 64),
    "phone-light": (375, 255, 8),
    "phone-dark": (375, 30, 8),
    "no-images": (700, 255, 64),
}
"""CSS pixels, roughly how bright the ground of the text is, and where nothing else stands on it."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The files of one preview."""

    folder: Path
    done: Finished


class PictureHost:
    """Where the picture is said to be: turns everybody away, and counts them."""

    def __init__(self) -> None:
        self.visits = 0
        self._ending = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.picture = f"https://127.0.0.1:{self._server.getsockname()[1]}/room.jpg"
        self._thread = Thread(target=self._turn_away, daemon=True)
        self._thread.start()

    def _turn_away(self) -> None:
        while True:
            self._server.accept()[0].close()
            if self._ending:
                return
            self.visits += 1

    def close(self) -> None:
        """Come as the last visitor."""
        self._ending = True
        with suppress(OSError), socket.create_connection(self._server.getsockname(), timeout=5):
            pass
        self._thread.join(5)
        self._server.close()


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    made = PictureHost()
    yield made
    made.close()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = Workspace.create(tmp_path_factory.mktemp("preview") / "forum")
    made.environment["PATH"] = environment()["PATH"]
    yield made
    made.close()


@pytest.fixture(scope="module")
def preview(browser: Any, workspace: Workspace, host: PictureHost) -> Preview:
    """Made by a Chromium that the command found by itself."""
    workspace.write("news", BODY.format(picture=host.picture), summary="One line for the inbox.")
    out = workspace.folder.with_name("look")
    return Preview(folder=out, done=apart(workspace.do, "preview", "news", "--out", str(out)))


def apart(work: Callable[..., T], *arguments: str) -> T:
    """Work in another thread: in this one Playwright runs already, and it runs once a thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()


@pytest.fixture
def open_sheet(windows: Windows, preview: Preview) -> Iterator[Any]:
    """Open index.html from the disk, without script. What it asks the network for fails."""
    asked: list[str] = []
    heard: list[Any] = []

    def listen(request: Any) -> None:
        asked.append(request.url)

    def open_sheet(*, width: int = 1440, scheme: str = "light") -> Any:
        page = windows.open(width=width, height=900, scheme=scheme, java_script_enabled=False)
        page.on("request", listen)
        heard.append(page)
        page.goto((preview.folder / "index.html").as_uri())
        return page

    yield open_sheet
    for page in heard:
        page.remove_listener("request", listen)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def frame_of(page: Any, title: str) -> Any:
    return page.frame_locator(f'iframe[title="The mail: {title}"]')


GROUND = "element => getComputedStyle(element).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_frame_has_its_own_colours_whatever_the_screen_has(
    open_sheet: Any, scheme: str
) -> None:
    page = open_sheet(scheme=scheme)
    grounds = {
        title: frame_of(page, title).locator("td.body").evaluate(GROUND)
        for title in (
            "Light",
            "Dark",
            "Phone, light",
            "Phone, dark",
            "Images off",
            "Style sheets removed",
        )
    }
    dark = grounds.pop("Dark")
    assert grounds.pop("Phone, dark") == dark == "rgb(26, 30, 34)"
    assert set(grounds.values()) == {"rgb(255, 255, 255)"}
    assert "bold" in frame_of(page, "Plain text").locator("pre").inner_text()


def test_a_phones_frame_is_as_wide_as_a_phone_and_the_mail_fits_it(open_sheet: Any) -> None:
    page = open_sheet()
    inside = frame_of(page, "Phone, light").locator("html")
    assert inside.evaluate("element => window.innerWidth") == 375 - 2  # the frame's own edge
    assert inside.evaluate("element => element.scrollWidth") <= 375 - 2
    wide = frame_of(page, "Light").locator("td.masthead")
    narrow = frame_of(page, "Phone, light").locator("td.masthead")
    padding = "element => getComputedStyle(element).paddingLeft"
    assert wide.evaluate(padding) != narrow.evaluate(padding)


def test_pictures_are_boxes_and_with_images_off_only_words(open_sheet: Any) -> None:
    page = open_sheet()
    drawn = "element => [element.naturalWidth > 0, element.alt]"
    alt = "A full hearing room"
    assert frame_of(page, "Light").locator("img").evaluate(drawn) == [True, alt]
    assert frame_of(page, "Images off").locator("img").evaluate(drawn) == [False, alt]


@pytest.mark.parametrize("width", [320, 375, 1440])
def test_the_sheet_scrolls_only_downwards(open_sheet: Any, width: int) -> None:
    page = open_sheet(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_of_the_sheet_contrasts_with_its_ground(open_sheet: Any, scheme: str) -> None:
    result = open_sheet(scheme=scheme).evaluate(LOW_CONTRAST)
    assert result["found"] == []
    assert result["seen"] > 40


def test_the_sheet_is_built_for_those_who_hear_it(open_sheet: Any) -> None:
    page = open_sheet()
    assert page.get_attribute("html", "lang") == "en"
    assert page.title() == "Preview: On news"
    assert page.locator("main").count() == page.locator("header").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    labels = page.evaluate(
        "[...document.querySelectorAll('[aria-labelledby]')]"
        ".map(e => e.getAttribute('aria-labelledby'))"
    )
    assert set(labels) <= set(ids)
    titles = page.evaluate("[...document.querySelectorAll('iframe')].map(e => e.title)")
    assert len(titles) == len(set(titles)) == 7
    alts = page.evaluate("[...document.querySelectorAll('img')].map(e => e.alt)")
    assert len(alts) == len(set(alts)) == 5
    assert all(alt.startswith("Screenshot of the mail: ") for alt in alts)


def test_frames_and_links_are_reached_without_a_mouse(open_sheet: Any) -> None:
    page = open_sheet()
    reached: list[str] = []
    while len(reached) < 200 and not str(reached[-1:]).endswith("/no-images.png']"):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.title || document.activeElement.href"))
    assert "The mail: Light" in reached
    assert "The mail: Plain text" in reached
    assert reached[-1].endswith("/no-images.png"), "the last of the screenshots"


# --- screenshots -------------------------------------------------------------------------------


MEASURE = """async ([picture, margin]) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + picture;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const canvas = new OffscreenCanvas(width, height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const bright = (x, y, w, h) => {
    const data = canvas.getImageData(x, y, w, h).data, seen = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const value = Math.round((data[at] + data[at + 1] + data[at + 2]) / 3);
      seen.set(value, (seen.get(value) || 0) + 1);
    }
    return [...seen].sort((one, other) => other[1] - one[1]).map(pair => pair[0]);
  };
  const rows = new Set();
  for (let y = 0; y < height; y += 4) rows.add(bright(0, y, width, 1).join());
  const ground = bright(2 * margin, height >> 3, 9, height >> 2)[0];
  return {width, height, rows: rows.size, ground,
    end: bright(0, height - 40, width, 40).length};
}"""


@pytest.fixture
def measure(windows: Windows, preview: Preview) -> Any:
    """Size, different rows, brightness of the ground, and colours of the last 40 rows of a PNG."""
    page = windows.open()

    def measure(name: str, margin: int = 0) -> dict[str, int]:
        data = (preview.folder / name).read_bytes()
        seen: dict[str, int] = page.evaluate(MEASURE, [base64.b64encode(data).decode(), margin])
        return seen

    return measure


@pytest.mark.parametrize("name", SHOTS)
def test_a_screenshot_shows_the_whole_mail_in_its_colours(
    preview: Preview, measure: Any, name: str
) -> None:
    width, brightness, margin = SHOTS[name]
    seen = measure(f"{name}.png", margin)
    assert seen["width"] == 2 * width
    assert 2 * 600 < seen["height"] < 2 * 3000
    sheet = (preview.folder / "index.html").read_text("utf-8")
    assert f"{width} × {seen['height'] // 2}" in sheet
    assert seen["rows"] > 50, "it is blank"
    assert abs(seen["ground"] - brightness) < 6
    assert seen["end"] < 4, "it ends in the middle of something"


def test_one_picture_shows_all_views_side_by_side(measure: Any) -> None:
    seen = measure("contact-sheet.png")
    assert seen["width"] == 2704
    assert seen["height"] > 800
    assert seen["rows"] > 150


def test_a_preview_fetches_nothing_unless_it_is_asked_to(
    preview: Preview, workspace: Workspace, host: PictureHost, tmp_path: Path
) -> None:
    assert host.visits == 0
    assert preview.done.stderr == ""
    out = str(tmp_path / "look")
    done = apart(workspace.do, "preview", "news", "--out", out, "--with-images")
    said = f"the picture {host.picture} did not come; the screenshots are without it\n"
    assert done.stderr == said
    assert host.visits > 0
    assert (tmp_path / "look" / "light.png").exists()


@pytest.mark.parametrize(
    ("height", "taken", "pixels", "cut"),
    [(8_000, 8_000, 16_000, False), (8_001, 8_001, 8_001, False), (16_001, 16_000, 16_000, True)],
)
def test_an_email_that_is_too_long_is_less_sharp_and_then_cut(
    height: int, taken: int, pixels: int, cut: bool
) -> None:
    html = f'<!DOCTYPE html><body style="margin: 0"><div style="height: {height}px">'

    def photograph() -> tuple[Screenshot, bytes]:
        sitting = Sitting(name="light", title="Light", html=html, width=375)
        with started(None, hosts=()) as browser:
            [found] = take(browser, [sitting])
        return found

    shot, png = apart(photograph)
    assert (shot.height, shot.cut, shot.missing) == (taken, cut, ())
    assert int.from_bytes(png[20:24]) == pixels
