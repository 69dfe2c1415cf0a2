"""premailer behind its guards: each fault that was found in it stays away."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from newsletter.rendering.mail.inlining import inline
from tests.rows import rows

PAGE = "<!DOCTYPE html>\n<html><head><style>{css}</style>{head}</head><body>{body}</body></html>"


def page(css: str = "", body: str = "<p>a</p>", head: str = "") -> str:
    return PAGE.format(css=css, body=body, head=head)


def test_rules_move_to_their_elements() -> None:
    assert '<p style="color:#112233">a</p>' in inline(page("p {color: #112233}"))


@rows("start", ["<!doctype html>", "\n<!DOCTYPE html>", ""])
def test_another_doctype_is_refused_since_premailer_would_drop_it(start: str) -> None:
    with pytest.raises(ValueError, match="<!DOCTYPE html>"):
        inline(page().replace("<!DOCTYPE html>", start))


@rows(
    "bad",
    [
        page("@import url(http://127.0.0.1:9/a.css);"),
        page("@IMPORT 'a.css';"),
        page(head='<style data-premailer="ignore">@import "a.css";</style>'),
        page(head='<link rel="stylesheet" href="http://127.0.0.1:9/a.css">'),
    ],
)
def test_what_would_be_fetched_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"@import|@IMPORT|<link"):
        inline(bad)


def test_an_import_in_disguise_is_not_fetched() -> None:
    opened: list[object] = []
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in {"open", "socket.connect"}:
            opened.append(arguments[0])

    sys.addaudithook(watch)
    html = inline(page("@\\69mport url(file:///etc/hostname); p {color: #112233}"))
    watching = False
    assert "/etc/hostname" not in map(str, opened)
    assert 'style="color:#112233"' in html


def test_what_is_kept_for_the_next_page_is_only_what_the_same_rules_say() -> None:
    first = page("p {color: #112233} strong {margin: 1px}", "<p>a<strong>b</strong></p>")
    assert inline(first) == inline(first)
    changed = first.replace("#112233", "#445566")
    assert inline(changed) == inline(first).replace("#112233", "#445566")


def test_a_style_named_like_a_selector_does_not_poison_the_next_page() -> None:
    inline(page("p {color: #112233}", '<p style="strong">a</p>'))
    strong = page("strong {color: #112233}", "<strong>b</strong>")
    assert 'style="color:#112233"' in inline(strong)
    assert '<p style="color:#112233">a</p>' in inline(
        page("p {color: #112233}", '<p style="strong">a</p>')
    )


def test_nor_its_own_page() -> None:
    own = page("strong {color: #112233}", '<strong style="strong">a</strong>')
    assert '<strong style="color:#112233">a</strong>' in inline(own)


def test_kept_rules_keep_their_importance_and_everything_else() -> None:
    kept = (
        '<style data-premailer="ignore">@font-face {font-family: X} u + .body {a: b} '
        "@media (max-width: 9px) {p {color: #ffffff !important}}</style>"
    )
    short = (
        '<style data-premailer="ignore">@font-face{font-family:X}u + .body{a:b}'
        "@media (max-width:9px){p{color:#ffffff !important}}</style>"
    )
    assert short in inline(page("p {color: #112233}", head=kept))


@rows(
    "text",
    [
        """<p title="class: 'a, b'; style='c: d;'">style="a: b; c: d"</p>""",
        """<p>say {this; that} and "style: 'x, y'"</p>""",
        """<style data-premailer="ignore">p:before{content:"a, b; c"}</style>""",
    ],
)
def test_only_styles_lose_their_blanks_and_no_quoted_word_does(text: str) -> None:
    assert text in inline(page("b {color: #112233}", text))


def test_rules_that_cannot_be_inlined_stay_important() -> None:
    assert "color:#ffffff !important" in inline(
        page("@media (max-width: 9px) {p {color: #ffffff !important}}")
    )


def test_a_style_sheet_that_was_read_before_gives_the_same_again() -> None:
    sheet = "p {color: #ffffff} @media (max-width: 9px) {p {color: #112233} b {color: #445566}}"
    alone = inline(page(sheet))
    inline(page(sheet, "<b>b</b>"))
    assert inline(page(sheet)) == alone


def test_eight_threads_get_what_one_gets() -> None:
    pages = [
        page(
            "@media (max-width: 9px) {p {color: #ffffff} b {color: #ffffff}}"
            + f"p {{margin: {n}px}}"
        )
        for n in range(8)
    ]
    alone = [inline(each) for each in pages]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet in the middle of things
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(inline, pages * 10))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone * 10


def test_colours_keep_six_digits() -> None:
    assert "#ffffff" in inline(page("p {color: #ffffff}"))


def test_sizes_of_an_image_are_not_overwritten() -> None:
    html = inline(
        page(
            "img {width: 100%; height: auto}", '<img src="https://a.example" width="9" height="8">'
        )
    )
    assert 'width="9" height="8"' in html


def test_marks_survive() -> None:
    link = '<a href="https://a.example/u/NLMERGEUNSUBSCRIBE">a</a>'
    assert link in inline(page(body=link))


def test_only_tables_have_a_ground_as_an_attribute() -> None:
    html = inline(page("p, td {background-color: #ffffff}", "<table><tr><td><p>a</p></table>"))
    assert re.findall(r'<(\w+)[^>]*bgcolor="#ffffff"', html) == ["td"]
