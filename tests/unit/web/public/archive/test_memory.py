"""The archive answers from memory until something changes that its pages tell of."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.web.public.archive.archive import PageMemory, with_header_fields
from newsletter.web.public.archive.build import Leaf
from tests.counting import counted
from tests.pages import Forum, forum

AT = datetime(2026, 11, 24, tzinfo=UTC)
PATHS = ("/", "/archive/news", "/feed.atom", "/feed.json", "/feed.rss", "/sitemap.xml")


@pytest.fixture
def site(tmp_path: Path, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path, database=migrated) as site:
        site.subscribe("ana@example.org")
        site.send("news")
        yield site


def text(body: bytes) -> Leaf:
    return with_header_fields(Leaf(body=body, media_type="text/plain", changed_at=AT), {})


def test_a_page_is_written_once_while_nothing_of_it_changes(site: Forum) -> None:
    first = {path: site.get(path) for path in PATHS}
    site.subscribe("ben@example.org")  # commits that no page tells of
    site.post(site.unsubscribe_link(1))
    site.get("/")
    with counted() as statements:
        again = {path: site.get(path) for path in PATHS}
    assert statements == []
    assert again == first
    tags = {path: answer.headers["etag"] for path, answer in first.items()}
    for path, tag in tags.items():
        assert site.ask("GET", path, headers={"If-None-Match": tag}).status == 304


def test_a_list_reads_one_email_once_it_is_indexed_and_says_the_same_before(site: Forum) -> None:
    def asked() -> tuple[str, int]:
        pages = Forum(services=site.services, folder=site.folder, clock=site.clock)
        with counted() as statements:
            return pages.get("/").text, sum("FROM content" in one for one in statements)

    page, read = asked()
    assert "On news" in page
    assert read == 1  # the newest, for its picture
    site.change("DELETE FROM archive_text")
    assert asked() == (page, 2)


def test_what_went_out_is_counted_once_for_all_pages_of_the_list(site: Forum) -> None:
    with counted() as statements:
        assert [site.get(path).status for path in ("/", "/page/2", "/page/3")] == [200, 404, 404]
    assert len([one for one in statements if "COUNT(DISTINCT slug)" in one]) == 1
    site.send("more")
    assert "On more" in site.get("/").text


def test_what_goes_out_is_corrected_or_withdrawn_shows_at_once(site: Forum) -> None:
    for path in PATHS:
        assert "On more" not in site.get(path).text
    assert site.get("/archive/more").status == 404
    site.send("more")
    for path in PATHS:
        assert "/more" in site.get(path).text, path
    assert site.get("/archive/more").status == 200
    site.send("mended", corrects="news")
    assert "/archive/mended" in site.get("/feed.json").text
    assert "mended" in site.get("/archive/news").text


def test_a_withdrawal_by_another_process_shows_at_once(site: Forum) -> None:
    before = site.get("/archive/news")
    state, at = CampaignState.CANCELLED.value, "started_at + 3600000"
    site.change(f"UPDATE campaign SET state = '{state}', finished_at = {at}")
    withdrawn = site.get("/archive/news")
    assert "withdrawn" in withdrawn.text.lower()
    assert withdrawn.headers["etag"] != before.headers["etag"]
    site.change("UPDATE campaign SET finished_at = finished_at + 86400000000")
    assert site.get("/archive/news").headers["last-modified"] != withdrawn.headers["last-modified"]


def test_what_is_not_there_is_not_kept(site: Forum) -> None:
    memory = PageMemory(site.services.store)
    assert memory.find("/x", lambda: None) is None
    assert memory.find("/x", lambda: text(b"now")) == text(b"now")


def test_memory_is_bounded_in_bytes_and_what_was_asked_for_last_stays(site: Forum) -> None:
    memory, written = PageMemory(site.services.store, max_bytes=1_000), list[str]()

    def ask(path: str, size: int = 250) -> None:
        def write() -> Leaf:
            written.append(path)
            return text(bytes(size))

        memory.find(path, write)

    for path in "abcd":
        ask(path)
    ask("a")
    ask("e")
    ask("a")
    assert "".join(written) == "abcde"
    ask("b")
    assert written.pop() == "b"
    ask("large", 251)
    ask("large", 251)
    assert written[-2:] == ["large", "large"]


def test_of_those_who_ask_at_once_one_writes(site: Forum) -> None:
    memory, written = PageMemory(site.services.store), list[int]()
    ready = threading.Barrier(4)

    def ask(number: int) -> Leaf | None:
        def write() -> Leaf:
            written.append(number)
            return text(b"page")

        ready.wait(60)
        return memory.find("/", write)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(4))) == [text(b"page")] * 4
    assert len(written) == 1
