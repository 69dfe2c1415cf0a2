"""The reason for a mail: the titles of the reader's lists, and the way onto them."""

from dataclasses import replace

from newsletter.domain.statements.content import Content, ListTitle, Publisher
from newsletter.rendering.checks.guards import Page
from newsletter.rendering.mail.details import subscription_reason
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE, WORDINGS, render

PRESS = ListTitle(name="press", title="Press releases")
EVENTS = ListTitle(name="events", title="Events & more")
STAFF = ListTitle(name="staff", title="Staff", joinable=False)
TITLED = replace(HOUSE, lists=(PRESS, EVENTS, STAFF))


def said(*lists: str, publisher: Publisher = TITLED, language: str = "en") -> str:
    return subscription_reason(publisher, lists, WORDINGS.of(language)[0]).text


@rows(
    ("lists", "sentence"),
    [
        (("press",), "because you subscribed to Press releases."),
        (
            ("press", "events"),
            "because you subscribed to at least one of these lists: Press releases, Events & more.",
        ),
        (("staff",), "because you’re on Example Forum’s Staff list."),
        (("members",), "because you’re on Example Forum’s members list."),
        (
            ("press", "members"),
            "because you’re on at least one of Example Forum’s lists: Press releases, members.",
        ),
    ],
)
def test_it_says_who_put_the_reader_on_the_list(lists: tuple[str, ...], sentence: str) -> None:
    assert said(*lists) == f"You’re receiving this {sentence}"


@rows("language", ["en", "es", "fr", "de", "pt", "ar"])
def test_each_language_names_the_list_and_who_speaks(language: str) -> None:
    for lists in (("press",), ("press", "events")):
        assert "Press releases" in said(*lists, language=language)
    for lists in (("staff",), ("staff", "press")):
        words = said(*lists, language=language)
        assert "Staff" in words
        assert "Example Forum" in words


def test_titles_are_harmless_in_html_and_run_their_own_way() -> None:
    publisher = replace(HOUSE, lists=(ListTitle(name="press", title="<b>{lists} أخبار"),))
    shown = subscription_reason(publisher, ["press"], WORDINGS.of("en")[0]).html("ltr")
    assert "&lt;b&gt;{lists}" in shown
    assert "<b>" not in shown
    arabic = subscription_reason(TITLED, ["press"], WORDINGS.of("ar")[0]).html("rtl")
    assert '<span dir="ltr">Press releases</span>' in arabic


def test_both_parts_say_it_and_lead_to_the_preferences() -> None:
    content: Content = render(lists=("press",), publisher=TITLED)
    manage = "https://news.forum.example/u/NLMERGEUNSUBSCRIBE/preferences"
    for part in (Page(content.html).text, " ".join(content.text.split())):
        assert "You’re receiving this because you subscribed to Press releases." in part
        assert "Unsubscribe" in part
        assert "Preferences" in part
    assert f'<a href="{manage}"' in content.html
    assert manage in content.text.splitlines()
