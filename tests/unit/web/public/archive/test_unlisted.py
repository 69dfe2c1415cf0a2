"""Lists by email only: what goes to no other list has no page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import Forum, forum

BOARD = {"name": "board", "archive": False}


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, None, migrated, lists=[{"name": "press"}, BOARD]) as site:
        site.subscribe("ana@readers.example", lists=["press", "board"])
        yield site


def test_what_goes_to_such_lists_alone_is_on_no_page_and_its_email_links_to_none(
    site: Forum,
) -> None:
    site.send("secret", lists=["board"], title="Budget of the board")
    site.send("open", lists=["press", "board"], title="Open to all")
    secret, both = (mail.decode() for mail in site.mails)
    assert "/archive/secret" not in secret
    assert "/archive/open" in both
    pages = ["/", "/feed.atom", "/feed.json", "/sitemap.xml", "/?q=budget"]
    for page in pages:
        assert "secret" not in site.get(page).text, page
    assert "Open to all" in site.get("/").text
    assert (site.get("/archive/secret").status, site.get("/archive/open").status) == (404, 200)


def test_a_correction_of_it_links_to_no_page(site: Forum) -> None:
    site.send("secret", lists=["board"])
    site.send("again", lists=["board"], corrects="secret", title="It was wrong")
    assert "/archive/" not in b"".join(site.mails).decode()
    assert site.get("/archive/again").status == 404
