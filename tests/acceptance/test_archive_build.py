"""``archive build``: the archive as files, served by a web server that knows nothing of us."""

import http.server
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from lxml import etree, html

from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace, readers

PUBLIC = "https://forum.example/news"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Python's own web server, which says nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """From it went 53 statements, one of them corrected; one more is embargoed."""
    workspace = Workspace.create(tmp_path_factory.mktemp("built") / "forum", public_url=PUBLIC)
    workspace.hire()
    workspace.subscribe(readers(2))
    workspace.write("hours", "The library opens.", title="Hours & <more>")
    publish(workspace, "hours")
    workspace.write("right", "It opens at ten.", title="Put right", corrects="hours")
    workspace.write("secret", "Not yet.", title="A secret", embargo_until="2099-01-01 09:00")
    publish(workspace, "right", "secret")
    workspace.sql("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 51)
        INSERT INTO campaign (slug, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at)
        SELECT 'more-' || i, content_hash, state, lists, approved_by, provider, reason,
            release_at, created_at, started_at - i
        FROM campaign, n WHERE slug = 'hours'
    """)
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def built(workspace: Workspace) -> Path:
    folder = workspace.folder / "public" / "news"
    done = workspace.do("archive", "build", str(folder), "--json").json()
    assert done == {"written": 60, "unchanged": 0, "removed": 0, "left": []}
    return folder


@pytest.fixture(scope="module")
def base(built: Path) -> Iterator[str]:
    """Where a plain web server has it, under the path of ``public_url``."""
    handler = partial(Quiet, directory=str(built.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/news/"
        server.shutdown()
        thread.join()


def publish(workspace: Workspace, *slugs: str) -> None:
    for slug in slugs:
        workspace.approve(slug)
    workspace.do("run", "--until-idle")


def test_every_link_within_leads_somewhere_on_a_plain_web_server(base: str) -> None:
    waiting, seen = [base], {}
    with requests.Session() as session:
        session.trust_env = False
        while waiting:
            address = waiting.pop()
            answer = session.get(address, timeout=20)
            assert answer.status_code == 200, address
            seen[address] = answer.url
            if answer.headers["Content-Type"].startswith("text/html"):
                page = html.fromstring(answer.content)
                links = [urljoin(answer.url, link) for link in page.xpath("//a/@href")]
                waiting += {one for one in links if one.startswith(base)} - {*seen, *waiting}
    assert len(seen) == 53 + 2 + 3
    assert all(address == url for address, url in seen.items()), "none is a redirect"


def test_pages_are_those_of_the_program_but_for_links_and_the_search(
    workspace: Workspace, built: Path
) -> None:
    site = Site(workspace)
    for path in ("feed.rss", "feed.atom", "feed.json", "sitemap.xml", "robots.txt"):
        assert (built / path).read_bytes() == site.ask("GET", f"/{path}").content
    for path in ("", "page/2", "archive/hours", "archive/right", "archive/more-7"):
        live = site.ask("GET", f"/{path}").text
        flat = (built / path / "index.html").read_text("utf-8")
        assert "<form" not in flat
        form = re.compile(r"<form.*?</form>\n", re.DOTALL)
        assert ours(flat) == ours(form.sub("", live)), path
    site.close()


def ours(page: str) -> str:
    """A page without the links that differ by where it lies."""
    return re.sub(
        r'(?<=href=")(?:\.|page|archive|feed|subscribe|https://[^"]*/subscribe)[^"]*', "", page
    )


def test_nothing_of_what_is_embargoed_is_in_any_file(built: Path) -> None:
    texts = [path.read_text("utf-8") for path in built.rglob("*") if path.is_file()]
    assert len(texts) == 61
    assert not any("secret" in text.lower() for text in texts)
    assert not any("NLMERGE" in text for text in texts)


def test_readers_join_where_the_program_is(built: Path) -> None:
    page = html.fromstring((built / "index.html").read_bytes())
    assert f"{PUBLIC}/subscribe" in page.xpath("//a/@href")
    assert urlsplit(PUBLIC).path == "/news"


def test_only_what_changed_is_written_and_what_is_gone_is_removed(
    workspace: Workspace, built: Path
) -> None:
    again = workspace.do("archive", "build", str(built))
    assert again.stdout == f"{built}: 0 files written, 60 unchanged, 0 removed\n"

    (built / "archive" / "more-1" / "note.txt").write_text("mine", "utf-8")
    (built / "archive" / "more-2" / "index.html").write_text("changed", "utf-8")
    workspace.sql("DELETE FROM campaign WHERE slug LIKE 'more-%'")
    done = workspace.do("archive", "build", str(built))
    assert "51 removed" in done.stdout
    assert "more-2/index.html is not shown any more; it was changed" in done.stderr
    left = {str(path.relative_to(built)) for path in (built / "archive").rglob("*.*")}
    assert left == {
        "archive/hours/index.html",
        "archive/right/index.html",
        "archive/more-1/note.txt",
        "archive/more-2/index.html",
    }
    assert not (built / "page").exists()


def test_a_folder_of_somebody_else_is_refused(workspace: Workspace) -> None:
    folder = workspace.folder / "statements"
    before = sorted(folder.iterdir())
    done = workspace.do("archive", "build", str(folder), code=4)
    assert "name an empty folder, or a new one" in done.stderr
    assert sorted(folder.iterdir()) == before
    blocked = workspace.do("archive", "build", str(workspace.folder / "newsletter.yaml"), code=1)
    assert "newsletter.yaml: File exists" in blocked.stderr


def test_an_archive_with_nothing_in_it_is_the_same_each_time(bare: Workspace) -> None:
    folder = bare.folder / "public"
    assert "6 files written" in bare.do("archive", "build", str(folder)).stdout
    assert "0 files written" in bare.do("archive", "build", str(folder)).stdout
    assert "Nothing has been published here yet." in (folder / "index.html").read_text("utf-8")
    assert etree.parse(folder / "feed.rss").xpath("count(//item)") == 0
