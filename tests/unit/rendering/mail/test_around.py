"""The parts around a mail's text, by settings and front matter, which count in its hash."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from newsletter.domain.delivery.transactional import EmailText
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.brand import light_scheme
from newsletter.domain.statements.content import Layout, LinkParameters, Profile, Publisher
from newsletter.domain.statements.counting import Counted
from newsletter.domain.themes import Theme
from newsletter.rendering.checks.guards import MAX_HTML_BYTES
from newsletter.rendering.mail.excerpts import body_of
from tests.rows import rows
from tests.unit.rendering.examples import (
    EMBER,
    HOUSE,
    ORGANISATION,
    STATEMENT,
    render,
    render_letter,
    renderer,
)
from tests.unit.rendering.mail.test_translations import SPANISH

SUMMARY = "The Forum leaves because the final report does not mend what is wrong."
UTM = LinkParameters(source="mail", hosts=("forum.example",))
COUNTS = replace(HOUSE, counted=tuple(Counted))


def publisher(**layout: object) -> Publisher:
    return replace(HOUSE, layout=Layout(**layout))


def test_a_label_in_french_text_has_a_blank_before_its_colon() -> None:
    table = f"| {'Nom | ' * 9}\n{'|---' * 9}|\n| {'Bretagne | ' * 9}"
    text = render(f"{table}\n\n**[Lire](https://a.example)**", language="fr").text
    letters = (render_letter(kind, language="fr").text for kind in EmailText)
    assert "Lire sur le web\u00a0:\n" in text
    assert {"Nom\u00a0: Bretagne", "Lire\u00a0:"} <= set(text.split("\n"))
    assert re.findall(r".*\w:$", "\n".join([text, *letters]), re.MULTILINE) == []


def test_the_summary_stands_below_the_title_where_it_is_asked_for() -> None:
    content = render("Text.", publisher=publisher(summary=True))
    assert re.search(rf"</h1>\n<p class=\"standfirst\"[^>]*>{SUMMARY}</p>", content.html)
    assert SUMMARY in " ".join(content.text.split())
    assert "standfirst" not in render("Text.").html.partition("<body")[2]


@rows("body", ["*Another one.*\n\nText.", f"{SUMMARY}\n\nText.", f"**{SUMMARY}** Text."])
def test_it_is_not_said_twice(body: str) -> None:
    html = render(body, publisher=publisher(summary=True)).html
    assert html.count(SUMMARY) <= 1 + (SUMMARY in body)
    assert html.count('class="standfirst"') == body.startswith("*Another")


def test_without_a_summary_nothing_stands_there() -> None:
    html = render("Text.", publisher=publisher(summary=True), summary="").html
    assert 'class="standfirst"' not in html


def test_a_release_line_stands_above_the_title_in_the_language_of_the_statement() -> None:
    content = render("Text.", publisher=publisher(release_line=True))
    assert re.search(r">For immediate release</p>\n<h1", content.html)
    assert content.text.index("For immediate release") < content.text.index("Example Forum resigns")
    spanish = render("Texto.", publisher=publisher(release_line=True), language="es")
    assert "Para publicación inmediata" in spanish.html


@rows(
    ("lists", "released"), [(("press",), True), (("press", "events"), False), (("events",), False)]
)
def test_a_release_line_may_be_for_some_lists_alone(lists: tuple[str, ...], released: bool) -> None:
    content = render(
        "Text.", publisher=publisher(release_line=True, release_lists=("press",)), lists=lists
    )
    for part in (content.html, content.text):
        assert ("For immediate release" in part) is released


def test_a_round_up_is_no_release() -> None:
    content = render("Text.", publisher=publisher(release_line=True), digest="weekly")
    assert "immediate release" not in content.html + content.text


def test_under_an_embargo_its_end_stands_there_instead() -> None:
    embargo = datetime(2011, 9, 21, 14, 0)  # noqa: DTZ001 - a wall time
    content = render("Text.", publisher=publisher(release_line=True), embargo_until=embargo)
    assert "immediate release" not in content.html + content.text
    assert "Not for publication before" in content.html


def test_an_end_mark_stands_below_the_text() -> None:
    content = render("Text.", publisher=publisher(end_mark="-30-"))
    assert re.search(r">Text.</p>\n\n?<p class=\"end\"[^>]*>-30-</p>", content.html)
    assert "Text.\n\n-30-\n" in content.text
    assert body_of(content).endswith('<p class="end">-30-</p>')
    noted = render("Text.[^1]\n\n[^1]: A note.", publisher=publisher(end_mark="-30-"))
    for part in (noted.html, noted.text):
        assert part.index("Text.") < part.index("-30-") < part.index("A note."), "notes come after"


@rows("body", ["Text.\n\n-30-", "Text.\n\n###", "Text.[^1]\n\n###\n\n[^1]: A note."])
def test_an_end_mark_of_the_author_is_enough(body: str) -> None:
    html = render(body, publisher=publisher(end_mark="-30-")).html.partition("<body")[2]
    assert html.count("-30-") + html.count("###") == 1


def test_social_links_stand_in_the_foot_of_both_parts() -> None:
    social = (
        Profile(name="Mastodon", url="https://social.example/@forum"),
        Profile(name="Video", url="https://film.example/f"),
    )
    organisation = replace(ORGANISATION, social=social)
    content = render("Text.", publisher=replace(HOUSE, organisation=organisation))
    foot = content.html.partition('class="side footer"')[2]
    assert re.search(r'<a href="https://social.example/@forum"[^>]*>Mastodon</a>.. <a', foot)
    assert "Mastodon: https://social.example/@forum\nVideo: https://film.example/f" in content.text


def test_a_preview_stands_where_inboxes_look_and_the_summary_elsewhere() -> None:
    content = render(
        "Text.", publisher=publisher(summary=True), preview="Four counties ask for more."
    )
    hidden = content.html.partition("display:none")[2].partition("</div>")[0]
    assert "Four counties ask for more." in hidden
    assert SUMMARY not in hidden
    assert SUMMARY in content.html
    assert "Four counties" not in content.text


def test_answers_go_where_the_statement_says() -> None:
    content = render("Text.", reply_to="desk@forum.example")
    assert content.sender.reply_to == "desk@forum.example"
    assert content.sender.address == HOUSE.sender.address
    assert render("Text.").sender == HOUSE.sender


def test_all_of_it_counts_in_the_digest() -> None:
    linked = "See https://forum.example/a."
    contents = [
        render(linked),
        render(linked, preview="Four counties ask for more."),
        render(linked, reply_to="desk@forum.example"),
        render(linked, publisher=publisher(summary=True)),
        render(linked, publisher=publisher(release_line=True)),
        render(linked, publisher=publisher(end_mark="###")),
        render(linked, publisher=replace(HOUSE, utm=UTM)),
        render(linked, publisher=replace(HOUSE, utm=replace(UTM, campaign="autumn"))),
    ]
    assert len({content.content_hash() for content in contents}) == len(contents)


def test_links_to_our_site_say_that_the_visit_came_from_this_mail() -> None:
    content = render(
        "[A](https://forum.example/a) [B](https://other.example/b) https://forum.example/c",
        publisher=replace(HOUSE, utm=UTM),
    )
    marks = "utm_source=mail&amp;utm_medium=email&amp;utm_campaign=example-forum-resigns"
    assert f'href="https://forum.example/a?{marks}"' in content.html
    assert f'href="https://forum.example/c?{marks}"' in content.html
    assert ">https://forum.example/c</a>" in content.html
    assert 'href="https://other.example/b"' in content.html
    assert content.html.count("utm_source") == 2
    assert f"https://forum.example/a?{marks.replace('&amp;', '&')}" in content.text


def test_the_archive_has_the_links_as_they_were_written() -> None:
    content = render("[A](https://forum.example/a?b=c)", publisher=replace(HOUSE, utm=UTM))
    assert 'href="https://forum.example/a?b=c"' in body_of(content)


def test_a_mail_that_counts_opens_and_clicks_differs_by_its_addresses_alone() -> None:
    linked = "[A](https://forum.example/a?b=c) https://other.example/d {name|friend}"
    plain = render(linked, publisher=replace(HOUSE, utm=UTM))
    counting = render(linked, publisher=replace(COUNTS, utm=UTM))
    again = counting.uncounted()
    assert counting.html != again.html == plain.html
    assert (counting.text, counting.headers) == (plain.text, plain.headers)
    assert counting.content_hash() != replace(again, counting=None).content_hash()
    assert body_of(counting) == body_of(plain)
    assert counting.as_written(counting.html) == plain.as_written(plain.html)
    assert renderer(COUNTS).render(STATEMENT, is_test=True).counting is None
    assert render(linked, publisher=replace(COUNTS, utm=UTM)) == counting


def test_what_counting_makes_too_long_is_refused() -> None:
    short = "The library opens at nine, and closes at eight in the evening. "
    body = short + "x " * ((MAX_HTML_BYTES - len(render(short).html)) // 2 - 40)
    assert MAX_HTML_BYTES - 90 < len(render(body).html) <= MAX_HTML_BYTES
    with pytest.raises(InvalidInput, match="bytes of HTML"):
        render(body, publisher=COUNTS)


def test_translations_in_one_mail_are_counted_too() -> None:
    spanish = replace(SPANISH, body="[A](https://forum.example/es)")
    content = renderer(replace(HOUSE, utm=UTM)).render(STATEMENT, [spanish])
    assert (
        f"https://forum.example/es?utm_source=mail&utm_medium=email&utm_campaign={spanish.slug}"
        in (content.text)
    )


def test_each_template_is_shown_in_the_brand() -> None:
    letters = [render_letter(says, publisher=EMBER) for says in EmailText]
    for mail in (
        render(publisher=EMBER),
        render(publisher=EMBER, corrects="forum-joins"),
        *letters,
    ):
        assert light_scheme(EMBER.brand.color).accent in mail.html


@rows(
    ["title", "body", "breaks"],
    [
        ("A plain title", "Short words and one@forum.example.", False),
        ("A plain title", "See [https://forum.example/](https://forum.example/a) here.", False),
        ("A plain title", "[first](https://a.example/1)[second](https://a.example/2)" * 3, True),
        ("Antidiskriminierungsgesetz", "Short words.", True),
        ("Correction: a preventive measure", "Short words.", False),
        ("MAXIMUMS", "Short words.", True),
        ("A plain title", "| A | B |\n|---|---|\n| 1 | 2 |", False),
        ("A plain title", "| Constituency | Representation |\n|---|---|\n| 1 | 2 |", True),
        ("A plain title", "Short.\n\n## Antidiskriminierung", True),
    ],
)
def test_only_an_email_with_long_words_pays_for_breaking_them(
    title: str, body: str, breaks: bool
) -> None:
    assert ("word-wrap" in render(body, title=title).html) is breaks


@rows(["theme", "breaks"], [(Theme.STATEMENT, False), (Theme.BRIEFING, True)])
def test_the_press_contacts_address_breaks_on_a_card_which_is_narrower(
    theme: Theme, breaks: bool
) -> None:
    brand = replace(HOUSE.brand, theme=theme)
    html = render("Short words.", title="A plain title", publisher=replace(HOUSE, brand=brand)).html
    assert ("word-wrap" in html) is breaks
