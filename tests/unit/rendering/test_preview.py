"""Views of a mail: the parts that each shows, and that none fetches unasked."""

import re
from collections.abc import Callable
from functools import cache

from newsletter.rendering import preview as views
from tests.rows import rows
from tests.unit.rendering.examples import render

PICTURE = "https://forum.example/hearing.jpg"
QUERIES = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>
@media ( Prefers-Color-Scheme : dark ) and (min-width: 400px) {p {color: #ffffff;}}
@media (prefers-color-scheme:light) {p {color: #000000;}}
</style></head><body><p>Write (prefers-color-scheme: dark) into the sheet.</p></body></html>"""


@cache
def mail() -> str:
    return render().html


def policy(page: str) -> str:
    [found] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    return str(found)


@rows(
    "view",
    [
        views.as_light,
        views.as_dark,
        views.without_images,
        lambda _: views.text_page("Words", title="T", language="en"),
    ],
)
def test_every_view_forbids_whatever_could_be_fetched(view: Callable[[str], str]) -> None:
    page = view(mail())
    allowed = policy(page)
    assert allowed.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src ")
    assert allowed.rpartition("img-src ")[2] in {"data: https://forum.example", "'none'"}
    assert page.index("Content-Security-Policy") < page.index("<title")
    assert page.startswith("<!DOCTYPE html>")


def test_a_dark_view_takes_the_dark_rules_and_a_light_one_never_does() -> None:
    dark, light = views.as_dark(QUERIES), views.as_light(QUERIES)
    assert "@media (min-width:0) and (min-width: 400px) {p {color: #ffffff" in dark
    assert "@media (max-width:0) {p {color: #000000" in dark
    assert "@media (max-width:0) and (min-width: 400px) {p {color: #ffffff" in light
    assert "@media (min-width:0) {p {color: #000000" in light
    assert ":root {color-scheme: only dark !important;}" in dark
    assert ":root {color-scheme: only light !important;}" in light


def test_what_a_statement_says_about_colour_schemes_is_text_and_stays() -> None:
    for view in (views.as_light, views.as_dark, views.without_images):
        assert "Write (prefers-color-scheme: dark) into the sheet." in view(QUERIES)


def test_alt_text_that_looks_like_an_address_is_not_taken_for_one() -> None:
    tag = """<img alt="1 > 0, src='https://no.example/x'" srcset="https://a.example/2 2x"
        src='https://a.example/1' width="9" height="9">"""
    assert views.picture_hosts(tag) == ("a.example",)
    page = views.without_images(f"<!DOCTYPE html><head></head>{tag}<p>after</p>")
    assert "alt=\"1 > 0, src='https://no.example/x'\"" in page
    assert "srcset" not in page
    assert "https://a.example" not in page
    assert page.endswith('height="9"><p>after</p>')


def test_with_images_off_the_alt_text_is_all_there_is() -> None:
    page = views.without_images(mail())
    [tag] = re.findall(r"<img[^>]*>", page)
    assert "src" not in tag
    assert 'alt="A hearing room with an empty chair"' in tag
    assert policy(page).endswith("img-src 'none'")


def test_pictures_come_from_their_own_hosts_alone() -> None:
    page = views.as_light(mail())
    assert f'src="{PICTURE}"' in page
    assert policy(page).endswith("img-src data: https://forum.example")
    own = QUERIES + "<img src='http://localhost:8000/media/dog.png'>"
    assert policy(views.as_light(own)).endswith("img-src data: 'self'")
    assert policy(views.as_light(QUERIES)).endswith("img-src data:")


def test_only_hosts_that_can_stand_in_a_policy_are_named() -> None:
    html = "".join(
        f'<img src="{address}">'
        for address in (
            "https://a.example/1",
            "https://a.example/2",
            "https://b.example:8443/x",
            "http://c.example/1",
            "https://x@d.example/1",
            "https://e.example;script-src",
            "https://[broken",
            "cid:1",
        )
    )
    assert views.picture_hosts(html + "<img alt='none'>") == ("a.example", "b.example:8443")


def test_a_page_without_a_head_gets_its_policy_behind_the_doctype() -> None:
    page = views.as_dark("<!DOCTYPE html><p>Words</p>")
    assert page.startswith('<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Sec')
    assert page.endswith("<p>Words</p>")


def test_the_text_part_is_shown_as_it_is_and_means_nothing_to_a_browser() -> None:
    page = views.text_page("a < b & «ж»\n  <script>", title='"T" <b>', language='en"x')
    assert '<pre dir="auto" tabindex="0">a &lt; b &amp; «ж»\n  &lt;script&gt;</pre>' in page
    assert "<title>&quot;T&quot; &lt;b&gt;</title>" in page
    assert '<html lang="en&quot;x">' in page


def test_an_inbox_shows_the_preheader_and_not_its_filling() -> None:
    said = render(summary="Three reasons why.").html
    assert views.inbox_line(said) == "Three reasons why."


def test_an_inbox_shows_the_first_words_of_a_mail_without_a_preheader() -> None:
    words = "word " * 60
    line = views.inbox_line(
        f"<html><head><title>No</title><style>p {{}}</style></head><body><!-- no -->"
        f"<p>First\n  &amp; {words}</p></body></html>"
    )
    assert line.startswith("First & word word")
    assert line.endswith("word…")
    assert len(line) <= 130


def test_with_images_off_it_shows_where_one_would_be() -> None:
    assert "img {outline: 1px solid" in views.without_images(mail())
    assert "img {outline:" not in views.as_light(mail())
