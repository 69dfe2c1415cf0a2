"""An email counts by addresses that are the same for all readers, and can be read without them."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.statements.counting import Counted, Counting, counting_of
from tests.costs import grows_in_proportion
from tests.properties import examples
from tests.rows import rows

OURS = "https://news.forum.example"
KEY = "0123456789abcdef"
BASE = f"{OURS}/c/{KEY}"
PICTURE = f'<img src="{BASE}/0" width="1" height="1" alt="" style="display:block">'


def of(html: str, counted: Collection[Counted] = tuple(Counted)) -> Counting:
    return counting_of(html, counted, own=OURS, address=BASE)


def mail(*links: str) -> str:
    anchors = "".join(f'<a class="x" href="{link}" dir="ltr">there</a>' for link in links)
    return f"<!DOCTYPE html><html><body>{anchors}</body></html>\n"


def test_a_link_has_a_number_and_the_picture_is_at_the_end() -> None:
    html = mail(
        "https://a.example/?b=1&amp;c=2", "http://b.example", "https://a.example/?b=1&amp;c=2"
    )
    counting = of(html)
    assert counting.add_to(html) == mail(f"{BASE}/1", f"{BASE}/2", f"{BASE}/1").replace(
        "</body>", f"{PICTURE}</body>"
    )
    assert counting.key == KEY
    assert counting.targets == {0: "", 1: "https://a.example/?b=1&c=2", 2: "http://b.example"}


def test_only_what_is_wanted_is_counted() -> None:
    html = mail("https://a.example")
    opens, clicks = of(html, [Counted.OPENS]), of(html, [Counted.CLICKS])
    assert opens.add_to(html) == html.replace("</body>", f"{PICTURE}</body>")
    assert clicks.add_to(html) == mail(f"{BASE}/1")
    assert (opens.targets, clicks.targets) == ({0: ""}, {1: "https://a.example"})


@rows(
    "link",
    [
        OURS,
        f"{OURS}/u/NLMERGEUNSUBSCRIBE",
        f"{OURS}/archive/news",
        f"{OURS}/?a=b",
        "mailto:press@forum.example",
        "tel:+12025550100",
        "#n-1",
    ],
)
def test_our_own_pages_and_what_is_no_page_never_count(link: str) -> None:
    html = mail(link)
    assert of(html).targets == {0: ""}
    assert link in of(html).add_to(html)


def test_a_host_that_begins_like_ours_is_not_ours() -> None:
    assert of(mail(f"{OURS}.evil.example/a")).links == (f"{OURS}.evil.example/a",)


PIECES = st.lists(
    st.sampled_from(
        [
            *('<a href="https://a.example/b?c=1&amp;d">', '<a class="b" href="http://c.example">'),
            *("</a>", "<p>", "words", '<a href="mailto:a@b.example">', f'<a href="{OURS}/u/x">'),
            *('<img src="https://a.example/b.png">', "https://a.example", "<a", 'href="', '"', ">"),
        ]
    ),
    max_size=12,
)


@examples(150)
@given(pieces=PIECES, counted=st.sets(st.sampled_from(Counted)))
def test_without_its_addresses_it_is_as_it_was(pieces: list[str], counted: set[Counted]) -> None:
    html = f"<html><body>{''.join(pieces)}</body></html>"
    counting = of(html, counted)
    assert counting.remove_from(counting.add_to(html)) == html


def test_the_work_grows_with_the_mail() -> None:
    def there_and_back(size: int) -> None:
        html = mail(*(f"https://a.example/{number}" for number in range(size // 50)))
        counting = of(html)
        assert counting.remove_from(counting.add_to(html)) == html

    assert grows_in_proportion(there_and_back, 1 << 20)
