"""Every page of the desk as the demo leaves it: for those who see, hear or move otherwise."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import compile_path

from newsletter.cli.workspace.demo import at_the_desk
from newsletter.runtime.services import Services
from newsletter.web.pages import desk_routes
from newsletter.web.server import WebServer
from tests.browser.axe import violations_in_both
from tests.browser.opening import Windows, opening, wait_for_count
from tools.desk_screens import furnish, pages, provide, sent, signed_in

_CUT_OFF = """[...document.querySelectorAll(".top :not(.sr)")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display != "inline")
  .map(one => one.className)"""
"""Return the parts of a page's head that are not wholly visible."""

_CUT_RINGS = """[...document.querySelectorAll(":is(.tabs, .seg, .scroll) :is(a, input)")]
  .filter(one => {
    one.focus({ focusVisible: true });
    const [look, box] = [getComputedStyle(one), one.getBoundingClientRect()];
    const around = one.closest(".tabs, .seg, .scroll");
    if (getComputedStyle(around).overflowX === "visible") return false;
    const room = around.getBoundingClientRect();
    const ring = parseFloat(look.outlineOffset) + parseFloat(look.outlineWidth);
    return look.outlineStyle === "none"
      || (ring > 0 && (box.left - ring < room.left || box.right + ring > room.right));
  }).map(one => one.textContent || one.id)"""
"""Return the controls whose focus ring is cut off."""
_GROWTH_BY_A_WAITING_FRAME = """preview => {
  const [before, frame] = [preview.offsetHeight, document.createElement("iframe")];
  frame.className = "mail waiting";
  preview.append(frame);
  const growth = preview.offsetHeight - before;
  frame.remove();
  return growth;
}"""
_WIDTH_WHILE_NOT_SAVED = """label => {
  label.textContent = "Not saved yet";
  return document.documentElement.scrollWidth;
}"""
_OVERLAPPED_LABELS = """[...document.querySelectorAll(".cards td[data-label]")].filter(one => {
  const label = document.createElement("span");
  label.textContent = one.dataset.label;
  const look = getComputedStyle(one, "::before");
  label.style.cssText = `position: absolute; font: ${look.font}; white-space: ${look.whiteSpace}`;
  label.style.width = look.width;
  document.body.append(label);
  const isWide = label.scrollWidth > label.clientWidth + 1;
  label.remove();
  return isWide && look.content !== "none";
}).map(one => one.dataset.label)"""
"""Return the labels of cells that are wider than their column on a phone."""
_DEAD_BUTTONS = """[...document.querySelectorAll("button")]
  .filter(one => one.checkVisibility() && (one.type === "button" || !one.form))
  .map(one => one.outerHTML.slice(0, 120))"""
"""Return the visible buttons that do nothing without script."""
_EDITORS = "draft-edit"
"""The beginning of the names of pages whose script replaces what can be pressed: other tests walk
through the editor by keyboard."""
_NUMBER_WHAT_CAN_BE_PRESSED = """() => {
  const found = {}, groups = new Set();
  const all = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]";
  [...document.querySelectorAll(all)].filter(one => {
    if (one.tabIndex < 0 || one.disabled || one.type === "hidden") return false;
    if (!one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type !== "radio") return true;
    const group = [...document.getElementsByName(one.name)].filter(each => each.form === one.form);
    return one === (group.find(each => each.checked) ?? group[0]);
  }).forEach((one, number) => {
    one.dataset.pressed = number;
    found[number] = one.outerHTML.slice(0, 160);
  });
  return found;
}"""
"""Return number → what can be pressed, and write the number to each. Of a choice it is one."""
_FOCUSED = """() => {
  const one = document.activeElement;
  const looks = [getComputedStyle(one), getComputedStyle(one, "::after")];
  const isMarked = looks.some(look => look.outlineStyle !== "none" || look.boxShadow !== "none");
  const fields = "textarea, input[type=date], input[type=time]";
  const marksItself = one.matches(`body, iframe, [contenteditable], ${fields}`);
  return [Number(one.dataset.pressed ?? -1), isMarked || marksItself];
}"""
_LONG_WORD = "Verkehrsinfrastrukturfinanzierungsgesellschaftsgründungsbeschleunigung"

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.slow("axe on every page of the desk, in light and dark, wide and narrow"),
]


@pytest.fixture(scope="module")
def served(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Services, str]]:
    logging.getLogger("newsletter").setLevel(logging.WARNING)
    with at_the_desk(sent(tmp_path_factory.mktemp("desk") / "forum")) as services:
        furnish(services)
        provide(services)
        with WebServer(services, host="127.0.0.1", port=0) as server:
            yield services, server.address.replace("127.0.0.1", "localhost")


def test_axe_finds_nothing_nothing_is_too_wide_and_nobody_else_is_asked_for_anything(
    windows: Windows, served: tuple[Services, str], subtests: pytest.Subtests
) -> None:
    services, url = served
    words = {who: signed_in(services, who) for who in ("ana", "ben", "cleo", "dan", "vera")}
    asked: list[str] = []

    def listen(request: Any) -> None:
        asked.append(request.url)

    windows.open().on("request", listen)
    for number, (name, path, who) in enumerate(pages(services)):
        with subtests.test(name), opening(windows, url, expected=("403", "404")) as open_page:
            # each page in one of two widths, and all of them in both colours
            width = 390 if number % 2 else 1280
            window = windows.open(width=width).context
            window.clear_cookies()
            if who:
                window.add_cookies([{"name": "desk", "value": words[who], "url": url}])
            page = open_page(f"/desk{path}", width=width)
            page.wait_for_load_state()
            for each in (320, 1920, width):
                page.set_viewport_size({"width": each, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= each
            assert page.evaluate(_CUT_OFF) == []
            assert violations_in_both(page) == {}
    windows.open().remove_listener("request", listen)
    assert asked
    assert [one for one in asked if not one.startswith((url, "data:", "about:"))] == []


def test_without_script_a_page_fits_a_small_phone_in_other_languages_and_no_button_is_dead(
    windows: Windows, served: tuple[Services, str], subtests: pytest.Subtests, seed: int
) -> None:
    services, url = served
    words = {who: signed_in(services, who) for who in ("ana", "ben", "cleo", "dan", "vera")}
    for number, (name, path, who) in enumerate(pages(services), start=seed):
        # each page in one of two languages, and by the next seed in the other
        language = "fr" if number % 2 else "es"
        how = {"java_script_enabled": False, "locale": language}
        with subtests.test(name), opening(windows, url, expected=("403", "404")) as open_page:
            window = windows.open(width=320, **how).context
            window.clear_cookies()
            if who:
                window.add_cookies([{"name": "desk", "value": words[who], "url": url}])
            page = open_page(f"/desk{path}", width=320, **how)
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate(_OVERLAPPED_LABELS) == []
            for width in (320, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(_CUT_OFF) == []
            assert page.evaluate(_OVERLAPPED_LABELS) == []
            assert page.evaluate(_DEAD_BUTTONS) == []


def test_the_keyboard_alone_reaches_all_that_can_be_pressed_and_shows_where_it_is(
    windows: Windows, served: tuple[Services, str], subtests: pytest.Subtests
) -> None:
    services, url = served
    words = {who: signed_in(services, who) for who in ("ana", "ben", "cleo", "dan", "vera")}
    looked_at = [one for one in pages(services) if not one[0].startswith(_EDITORS)]
    for name, path, who in looked_at:
        with subtests.test(name), opening(windows, url, expected=("403", "404")) as open_page:
            window = windows.open(width=1280).context
            window.clear_cookies()
            if who:
                window.add_cookies([{"name": "desk", "value": words[who], "url": url}])
            page = open_page(f"/desk{path}", width=1280)
            page.wait_for_load_state()
            expected = page.evaluate(_NUMBER_WHAT_CAN_BE_PRESSED)
            reached, unseen, number = set(), [], -1
            for _ in range(5 * len(expected)):  # a date has parts, and an email in a frame links
                last = number
                page.keyboard.press("Tab")
                number, is_marked = page.evaluate(_FOCUSED)
                if number in reached - {last, -1}:
                    break
                reached.add(number)
                unseen += [] if is_marked else [expected.get(str(number))]
            assert [one for key, one in expected.items() if int(key) not in reached] == []
            assert unseen == []


def test_long_words_and_numbers_fit_a_small_phone_and_no_focus_ring_is_cut_off(
    windows: Windows, served: tuple[Services, str]
) -> None:
    services, url = served
    with opening(windows, url) as open_page:
        page = open_page("/desk/sign-in", width=320)
        page.context.add_cookies(
            [{"name": "desk", "value": signed_in(services, "dan"), "url": url}]
        )
        for path in ("/statements", "/readers/new", "/settings/look"):
            page.goto(f"{url}/desk{path}")
            page.evaluate(
                "word => { for (const one of document.querySelectorAll('.check label'))"
                " one.textContent = word }",
                _LONG_WORD,
            )
            assert page.evaluate("document.documentElement.scrollWidth") == 320, path
            assert page.evaluate(_CUT_RINGS) == [], path
        page.goto(f"{url}/desk")
        figure = page.locator(".figures dd").first
        figure.evaluate("one => one.textContent = '5,000,000'")
        assert figure.evaluate(
            "one => one.offsetHeight <= parseFloat(getComputedStyle(one).lineHeight)"
        )
        page.goto(
            f"{url}/desk{next(at for name, at, _ in pages(services) if name == 'draft-edit')}"
        )
        title = page.get_by_label("Title", exact=True)
        title.fill(_LONG_WORD)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.locator("[data-saved]").evaluate(_WIDTH_WHILE_NOT_SAVED) == 390
        assert title.evaluate("one => getComputedStyle(one).direction") == "ltr"
        title.fill("بيان المنتدى")
        assert title.evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_a_report_is_printed_in_ink_on_white_without_what_can_be_pressed(
    served: tuple[Services, str], windows: Windows
) -> None:
    services, url = served
    with opening(windows, url) as open_page:
        page = open_page("/desk/sign-in", scheme="dark")
        page.context.add_cookies(
            [{"name": "desk", "value": signed_in(services, "cleo"), "url": url}]
        )
        page.goto(f"{url}/desk/campaigns/1")
        page.get_by_role("button", name="Print").wait_for()
        page.emulate_media(media="print", color_scheme="dark")
        for gone in ("navigation", "button"):
            wait_for_count(page.get_by_role(gone), 0)
        page.get_by_role("table").wait_for()
        page.get_by_text("Example Forum welcomes the new library hours").wait_for()
        look = page.evaluate_handle("getComputedStyle(document.body)")
        colours = [look.get_property(one).json_value() for one in ("color", "backgroundColor")]
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


ELSEWHERE = {
    "/campaigns/{id}/cancel": "test_desk_states_in_chromium",
    "/campaigns/{id}/people": "test_desk_states_in_chromium",
    "/campaigns/{id}/unknown": "test_desk_states_in_chromium",
    "/readers/import/{number}": "test_desk_states_in_chromium",
    "/readers/import/{number}/undo": "test_desk_states_in_chromium",
    "/invitation/{word}": "test_accounts_in_chromium",
    "/second": "test_accounts_in_chromium",
    "/second/set-up": "test_accounts_in_chromium",
    "/campaigns.csv": "a file to keep",
    "/campaigns/{id}/report.csv": "a file to keep",
    "/campaigns/{id}/figures": "numbers for our own script",
    "/calendar/{word}.ics": "a file for calendar programs",
    "/time": "words for our own script",
    "/drafts/{key}/download": "a file to keep",
    "/drafts/{key}/preview": "an email, which has judges of its own",
    "/statements/{slug}/versions/{digest}": "an email, which has judges of its own",
    "/settings/look/mail": "an email, which has judges of its own",
    "/statements/{slug}/mail": "an email, which has judges of its own",
    "/statements/{slug}/mail/{reader}": "an email, which has judges of its own",
}
"""Where axe looks at a page that is not among those of the demo, or why it looks at none."""


def test_every_page_there_is_was_looked_at(served: tuple[Services, str]) -> None:
    services, _ = served
    looked_at = [path.partition("?")[0] for _, path, _ in pages(services)]
    for route in desk_routes(services):
        if route.method == "GET" and route.path not in ELSEWHERE:
            pattern, _, _ = compile_path(route.path)
            assert any(pattern.match(path) for path in looked_at), route.path


def test_what_cannot_be_read_in_the_dark_alone_is_found(
    windows: Windows, served: tuple[Services, str]
) -> None:
    with opening(windows, served[1]) as open_page:
        page = open_page("/desk/sign-in")
        page.evaluate(
            "document.querySelector('form').insertAdjacentHTML('beforeend', '<p id=grey>grey</p>')"
        )
        page.evaluate("""() => {
            const sheet = new CSSStyleSheet();
            const rules = "#grey { color: #777; background: #666 }";
            sheet.replaceSync(`@media (prefers-color-scheme: dark) { ${rules} }`);
            document.adoptedStyleSheets = [sheet];
        }""")
        found = violations_in_both(page)
        assert found.keys() == {"dark"}
        assert "color-contrast" in found["dark"][0]


def test_a_look_is_seen_before_it_is_saved(windows: Windows, served: tuple[Services, str]) -> None:
    services, url = served
    window = windows.open().context
    window.clear_cookies()
    window.add_cookies([{"name": "desk", "value": signed_in(services, "dan"), "url": url}])
    file = services.settings.workspace / "newsletter.yaml"
    with opening(windows, url) as open_page:
        page = open_page("/desk/settings/look")
        assert page.locator("[data-preview]").evaluate(_GROWTH_BY_A_WAITING_FRAME) == 0
        page.get_by_label("Tagline").fill("Seen at once")
        page.get_by_label("Palette").fill("#8a1c3b")
        assert page.get_by_label("Color").input_value() == "#8a1c3b"
        email = page.frame_locator("iframe:not(.waiting)")
        email.get_by_text("Seen at once").first.wait_for()
        assert "#8a1c3b" in email.locator("html").inner_html()
        assert "Seen at once" not in file.read_text("utf-8")
        with page.expect_navigation():
            page.get_by_role("button", name="Save changes").click()
        page.get_by_text("Saved. New emails").wait_for()
    assert "  tagline: Seen at once # a few words under the name" in file.read_text("utf-8")
