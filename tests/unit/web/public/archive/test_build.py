"""How the pages of the list link to each other, behind any host and path."""

from urllib.parse import urljoin

from newsletter.web.public.archive.build import page_link
from tests.rows import rows


@rows("base", ["http://127.0.0.1:8000/", "https://forum.example/news/"])
@rows(("path", "up"), [("", ""), ("search?q=a", ""), ("page/2", "../"), ("archive/a", "../")])
def test_pages_of_the_list_are_linked_from_where_a_page_stands(
    base: str, path: str, up: str
) -> None:
    assert urljoin(base + path, page_link(up, 1)) == base
    assert urljoin(base + path, page_link(up, 3)) == f"{base}page/3"
