"""What judges need: brands that operators are shown, and packages that are pinned."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.judge.archive import rules
from bench.judge.archive.__main__ import list_objections, publish
from bench.judge.corpus import BLOCKS, BRANDS, read_text
from bench.judge.mail import make_renderer
from bench.judge.markup import HERE
from bench.judge.word import objections
from newsletter.config.loading import load
from tests.rows import rows


@rows(
    ("folder", "names"),
    [
        (HERE, {"axe-core", "caniemail", "html-validate", "vnu-jar"}),
        (HERE / "peers", {"@maizzle/framework", "mjml", "react", "react-dom", "react-email"}),
    ],
)
def test_each_package_from_npm_is_pinned_exactly(folder: Path, names: set[str]) -> None:
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert names == set(wanted)
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in one for one in locked.values()), "the lock names no registry"
    assert all("integrity" in one for place, one in locked.items() if _is_fetched(place, one))


@rows(
    ("page", "objection"),
    [
        (
            "<!--[if mso]><style>p {mso-line-height-rule: exactly;}</style><![endif]-->"
            '<p style="line-height:26px"><img src="a" width="528"></p>',
            "a picture is cropped to 26 of 528 pixels",
        ),
        ('<img src="a" style="width:48px">', "a picture has no width attribute"),
        ('<td><a href="a" style="padding:13px 26px">Read</a></td>', "a link loses its padding"),
        ('<p style="background-color:#eeeeee;padding:9px">A</p>', "the words of a p touch"),
        ('<div style="max-width:274px">Half</div>', "a div is as wide as the window"),
        ('<div style="display:none">Preview</div>', "a hidden div may be shown"),
        ('<p style="float:right">A</p>', "float is ignored"),
        ('<p style="margin:-4px 0">A</p>', "a negative margin is ignored"),
    ],
)
def test_each_rule_of_word_objects_to_its_email(page: str, objection: str) -> None:
    told = objections(f"<html><head></head><body><table><tr>{page}</tr></table></body></html>")
    assert [one for one in told if one.startswith(objection)] == list(told) != []


def test_word_spoils_no_block_of_ours_in_any_brand() -> None:
    for brand in BRANDS:
        for name in ("all", "figure", "lead", "video", "arabic-blocks"):
            text = read_text(BLOCKS / f"{name}.md")
            page = make_renderer(brand).render(text.statement, text.translations).html
            assert objections(page) == (), (brand, name)


ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><id>a:b</id><title>A</title>{}</feed>"
RSS = "<rss version='2.0'><channel><title>A</title><link>b</link>{}</channel></rss>"


@rows(
    ("rule", "file", "objection"),
    [
        (rules.of_atom, ATOM.format("<updated>2026-01-05</updated>"), "line 1: "),
        (rules.of_atom, ATOM.format("<entry><id>a:c</id></entry>" * 2), "the same id twice"),
        (rules.of_rss, RSS.format("<updated/>"), "RSS knows no updated"),
        (rules.of_rss, RSS.format("<item><pubDate>2026-01-05</pubDate></item>"), "an item has"),
        (
            rules.of_rss,
            RSS.format("<item><description>&lt;a href='/b'></description></item>"),
            "a r",
        ),
        (rules.of_json_feed, '{"items": [{"content_html": "<form></form>"}]}', "a form in a text"),
        (rules.of_json_feed, '{"items": [{"date_published": "2026-01-05T10:00"}]}', "date_publ"),
        (rules.of_site_map, "<urlset><url><loc>b</loc></url></urlset>", "no page in a urlset"),
    ],
)
def test_each_rule_of_the_archive_objects_to_its_file(
    rule: Callable[[bytes, str], Iterator[str]], file: str, objection: str
) -> None:
    assert [one for one in rule(file.encode(), "a:b") if one.startswith(objection)] != []


@rows(
    ("head", "objection"),
    [
        ("", "no og:title"),
        ("<meta property=og:image content=/logo.png>", "og:image is not absolute"),
        ("<meta property=og:description content=" + "a" * 201 + ">", "a description of 201"),
        (
            "<meta name=twitter:card content=summary_large_image>"
            "<meta property=og:image content=https://a.example/b><body>"
            "<img src=https://a.example/b width=96>",
            "a picture of 96 pixels would be enlarged",
        ),
    ],
)
def test_a_preview_that_lacks_something_is_objected_to(head: str, objection: str) -> None:
    said = list(rules.of_card(f"<html><head>{head}</html>", "https://a.example/"))
    assert [one for one in said if one.startswith(objection)] != []


@rows(
    ("data", "objection"),
    [
        ("{}", "no NewsArticle"),
        ('{"datePublished": "2026-01-05T10:00"}', "datePublished '2026-01-05T10:00' has no time z"),
        ('{"headline": "' + "a" * 111 + '"}', "a headline of more than 110"),
        ('{"author": {"@type": "Person"}}', "an author or publisher without"),
    ],
)
def test_structured_data_that_lack_something_are_objected_to(data: str, objection: str) -> None:
    said = list(rules.of_structured_data(f"<script type='application/ld+json'>{data}</script>"))
    assert [one for one in said if one.startswith(objection)] != []


@pytest.mark.slow("sends seven statements")
def test_no_rule_objects_to_our_archive(tmp_path: Path) -> None:
    files = publish(tmp_path)
    assert len(files) == 14
    assert list(list_objections(files)) == []


def _is_fetched(place: str, one: dict[str, object]) -> bool:
    """It is not the project itself, nor comes inside of another package."""
    return bool(place) and not one.get("inBundle")


def test_the_brands_are_those_that_operators_are_shown(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "look.md").read_text("utf-8")
    shown = re.findall(r"(?ms)^```yaml\n(brand:.*?)^```", page)
    example = (Path(__file__).parents[2] / "newsletter.example.yaml").read_text("utf-8")
    least = re.sub(r"(?ms)^brand:.*?^(?=\w)", "", example)
    found = []
    for block in shown:
        (tmp_path / "newsletter.yaml").write_text(f"{least}\n{block}", "utf-8")
        found.append(load(tmp_path / "newsletter.yaml", {}).publisher().brand)
    assert found == [BRANDS["briefing"], BRANDS["bulletin"]]
