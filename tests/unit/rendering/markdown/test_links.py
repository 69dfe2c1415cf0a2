"""Addresses that become links, and links that say where a visit came from."""

from newsletter.rendering.markdown.links import add_marks, remove_marks
from newsletter.rendering.markdown.markdown import read_markdown
from newsletter.rendering.markdown.markup import to_html
from newsletter.rendering.markdown.plaintext import to_text
from tests.rows import rows


def links(body: str) -> list[tuple[str, str]]:
    """Address and text of each link."""
    found = []
    for token in read_markdown(body, "en"):
        children = token.children or []
        for at, child in enumerate(children):
            if child.type == "link_open":
                found.append((str(child.attrs["href"]), children[at + 1].content))
    return found


@rows(
    ("written", "linked"),
    [
        ("See https://forum.example.", "https://forum.example"),
        (
            "See https://forum.example/a_b_c--d/?x=1&y=2#z, and",
            "https://forum.example/a_b_c--d/?x=1&y=2#z",
        ),
        ("(see https://forum.example/a_(b))", "https://forum.example/a_(b)"),
        ("(https://forum.example/a)", "https://forum.example/a"),
        ('"https://forum.example/a"', "https://forum.example/a"),
        ("**https://forum.example/a**", "https://forum.example/a"),
        ("https://forum.example/a!?", "https://forum.example/a"),
        ("HTTPS://FORUM.EXAMPLE/A", "HTTPS://FORUM.EXAMPLE/A"),
    ],
)
def test_an_address_in_the_text_leads_where_it_says(written: str, linked: str) -> None:
    assert links(written) == [(linked, linked)]


def test_an_address_of_www_and_an_email_address_become_links() -> None:
    assert links("www.forum.example/a or press@forum.example.") == [
        ("https://www.forum.example/a", "www.forum.example/a"),
        ("mailto:press@forum.example", "press@forum.example"),
    ]


@rows(
    "written",
    [
        "`https://forum.example`",
        "    https://forum.example",
        "forum.example",
        "https://",
        "https://forum",
        "http://forum.example",
        "ftp://forum.example",
        "@forum and me@forum",
        "git@ forum.example",
        "www.",
    ],
)
def test_what_is_no_whole_address_stays_text(written: str) -> None:
    assert links(written) == []


def test_what_is_a_link_already_is_not_linked_again() -> None:
    assert links("[https://a.example/b](https://c.example) <https://d.example>") == [
        ("https://c.example", "https://a.example/b"),
        ("https://d.example", "https://d.example"),
    ]


def test_the_text_part_shows_a_bare_address_once_and_whole() -> None:
    body = to_text(read_markdown("Write to press@forum.example, see www.forum.example.", "en"))
    assert body.text == "Write to press@forum.example, see https://www.forum.example."
    assert body.links == ()


def test_words_around_an_address_are_set_as_everywhere() -> None:
    assert to_html(read_markdown('"a" -- www.forum.example -- b', "en")).strip() == (
        '<p>“a” – <a href="https://www.forum.example">www.forum.example</a> – b</p>'
    )


MARKS = {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "hours"}
ADDED = "utm_source=newsletter&utm_medium=email&utm_campaign=hours"


@rows(
    ("address", "counted"),
    [
        ("https://forum.example", f"https://forum.example?{ADDED}"),
        ("https://forum.example/a", f"https://forum.example/a?{ADDED}"),
        ("https://www.forum.example/a?b=c#d", f"https://www.forum.example/a?b=c&{ADDED}#d"),
        ("https://forum.example/a#d", f"https://forum.example/a?{ADDED}#d"),
    ],
)
def test_links_to_our_hosts_are_marked_and_unmarked_again(address: str, counted: str) -> None:
    assert add_marks(address, MARKS, ["forum.example"]) == counted
    assert remove_marks(counted) == address


@rows(
    "address",
    [
        "https://notforum.example/a",
        "https://other.example/forum.example",
        "mailto:press@forum.example",
        "tel:+12025550100",
        "https://forum.example/a?utm_source=site",
        "https://[forum.example/a",
    ],
)
def test_no_other_link_is_touched(address: str) -> None:
    assert add_marks(address, MARKS, ["forum.example"]) == address
    assert remove_marks(address) == address
