"""The statement within a mail, as feeds carry it."""

from dataclasses import replace
from pathlib import Path

from newsletter.domain.statements.content import (
    MARK_PREFIX,
    Content,
    Organisation,
    Publisher,
    Sender,
)
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.mail.excerpts import body_of, excerpt, words_of
from tests.rows import rows
from tests.unit.rendering.examples import renderer_with

HOUSE = Publisher(
    organisation=Organisation(
        name="Example Forum", website="https://forum.example", postal_address="1 Example Street"
    ),
    sender=Sender(name="Example Forum", address="news@forum.example"),
    public_url="https://news.forum.example",
    timezone="UTC",
)


def mail(body: str, **more: object) -> str:
    return content(body, **more).html


def content(body: str, *, override: Path | None = None, **more: object) -> Content:
    statement = Statement(
        slug="hours", title="On hours", body=body, lists=("press",), language="en", **more
    )
    return renderer_with(override, HOUSE).render(statement)


def test_it_is_the_text_below_the_title_without_the_mail_around_it() -> None:
    said = excerpt(mail("The **library** is [open](https://forum.example/?a=1&b=2).\n\n- a\n- b"))

    assert said.body == (
        '<p>The <strong>library</strong> is <a href="https://forum.example/?a=1&amp;b=2">open</a>.'
        "</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>"
    )
    assert said.opening == "The library is open."


def test_the_opening_is_the_summary_without_its_filling() -> None:
    said = excerpt(mail("Text.", summary='Longer <hours> & "more" 📚'))

    assert said.opening == 'Longer <hours> & "more" 📚'


def test_a_table_in_the_text_does_not_end_it() -> None:
    said = excerpt(mail("Before.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nAfter &amp; more."))

    assert "<td>2</td>" in said.body
    assert said.body.endswith("<p>After &amp; more.</p>")
    assert "style" not in said.body


BLOCKS = """\
*What it says.*

![A hall](https://forum.example/a.jpg#1200x600 "The hall. Photo: Ana")

**[Read it](https://forum.example/r)**

| For tenants | For owners |
|---|---|
| Call us any time, between nine and five, or write to the office in town. | Register. |

| County | Held before | Held now | Change | Budget |
|---|--:|--:|--:|--:|
| Adams | 1,240,500 | 810,000 | –33 % | $1,240,500 |

End.
"""


def test_a_page_has_the_blocks_without_their_tables_for_layout() -> None:
    page = body_of(content(BLOCKS))

    assert page.count("<table") == 1
    assert page.startswith('<p class="standfirst">What it says.</p>')
    assert '<p class="edge"><img src="https://forum.example/a.jpg" alt="A hall"' in page
    assert '<p class="caption">The hall. <span class="credit">Photo: Ana</span></p>' in page
    assert '<div class="of-button"><a href="https://forum.example/r">Read it</a></div>' in page
    assert page.count('<div class="half">') == 2
    assert page.count("<div") == page.count("</div>") == 4
    assert '<span class="named">Budget:</span>' in page
    assert page.count("<th ") == 5
    assert page.endswith("<p>End.</p>")


def test_a_feed_has_a_wide_table_as_it_was_written() -> None:
    body = excerpt(mail(BLOCKS)).body

    assert "named" not in body
    assert ">$1,240,500</td>" in body


def test_of_a_correction_the_line_above_the_title_stays_out() -> None:
    said = excerpt(mail("It opens at nine.", corrects="other"))

    assert said.body == "<p>It opens at nine.</p>"


def test_nobodys_link_and_no_footer_are_in_it() -> None:
    said = excerpt(mail("Text."))

    assert MARK_PREFIX not in said.body
    assert "Example Street" not in said.body


@rows(
    "html",
    ["<div><h1>Title</h1><p>Text</p></div>", "<table><tr><td><p>Text</p></td></tr></table>", ""],
)
def test_where_a_template_has_the_text_elsewhere_there_is_none(html: str) -> None:
    said = excerpt(html)

    assert (said.opening, said.body) == ("", "")


def test_a_second_title_is_part_of_the_text_and_what_follows_the_cell_is_not() -> None:
    said = excerpt("<td><h1>A</h1><p>1</p><h1>B</h1><p>2</p></td><td><p>3</p></td>")

    assert said.body == "<p>1</p>B<p>2</p>"


def test_what_could_run_never_gets_through() -> None:
    said = excerpt(
        '<td><h1>A</h1><p onclick="x()">1<script>alert(1)</script></p>'
        '<a href="javascript:x()">2</a><img src="ftp://x/a.png"><!-- c --></td>'
    )

    assert said.body == "<p>1</p><a>2</a><img>"


def test_a_hidden_line_may_hold_references() -> None:
    assert excerpt('<div style="display: none">a &lt; b &#38; c&nbsp;&#8204;</div>x').opening == (
        "a < b & c"
    )


def test_its_words_are_those_of_the_statement_alone_and_do_not_grow_together() -> None:
    long = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk"
    _, said = words_of(
        content(
            f"## Head\n\nA **bo**ld &amp; {long}.\n\n- a\n- b\n\n| c | d |\n|---|---|\n| 1 | 2 |"
        )
    )

    assert said.endswith(f"Head A bold & {long}. a b c d 1 2")
    assert "Example" not in said, "neither the footer nor the masthead"
    assert "On hours" not in said


def test_the_summary_is_among_its_words_where_the_text_does_not_say_the_same() -> None:
    opening, said = words_of(content("It is open.", summary="Longer hours."))
    assert (opening, said) == ("Longer hours.", "Longer hours. It is open.")
    assert words_of(content("It is open.")) == ("It is open.", "It is open.")


def test_where_a_template_has_the_text_elsewhere_there_are_no_words() -> None:
    said = content("It is open.")

    assert words_of(replace(said, html="<p>It is open.</p>")) == ("", "")


def test_the_title_is_told_without_its_marks() -> None:
    assert (
        excerpt("<td><h1>Hours<wbr> &amp; <em>more</em></h1><p>1</p></td>").title == "Hours & more"
    )


def test_a_page_has_no_readers_own_link_wherever_a_template_has_its_title() -> None:
    own = '<a href="https://news.forum.example/u/NLMERGEUNSUBSCRIBE">x</a>'
    for html in (f"<td><h1>A</h1><p>1</p>{own}</td><td>foot</td>", f"<h1>A</h1><p>1</p>{own}"):
        body = body_of(replace(content("Text."), html=html))
        assert body.startswith("<p>1</p>")
        assert "NLMERGE" not in body
