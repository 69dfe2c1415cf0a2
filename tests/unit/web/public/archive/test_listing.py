"""How the pages of the archive name each other, so that it works behind any host and path."""

from urllib.parse import urljoin

from newsletter.web.public.archive.listing import ArchiveLinks
from tests.rows import rows

BASES = ["http://127.0.0.1:8000/", "https://forum.example/news/"]


@rows("base", BASES)
@rows(("path", "depth"), [("", 0), ("search?q=a", 0), ("page/2", 1), ("archive/a", 1)])
def test_pages_of_the_program_name_each_other(base: str, path: str, depth: int) -> None:
    address, here = base + path, ArchiveLinks(depth=depth)
    assert urljoin(address, here.first_page) == base
    assert urljoin(address, here.page(1)) == base
    assert urljoin(address, here.page(3)) == f"{base}page/3"
    assert urljoin(address, here.statement("hours")) == f"{base}archive/hours"
    assert urljoin(address, here.file("feed.rss")) == f"{base}feed.rss"
