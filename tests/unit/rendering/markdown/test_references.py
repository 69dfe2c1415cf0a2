"""Links and images that a mail may have, and sentences about those it may not."""

from newsletter.rendering.markdown.faults import address_fault, image_size, image_source
from newsletter.rendering.markdown.markdown import read_markdown
from tests.rows import rows
from tests.unit.rendering.examples import faults_of


@rows(
    "address",
    [
        "https://example.org",
        "HTTPS://example.org/a?b=c#d",
        "mailto:press@forum.example",
        "tel:+12025550100",
        "#place",
    ],
)
def test_good_addresses_pass(address: str) -> None:
    assert faults_of(f"[words]({address})") == []


@rows(
    ("address", "said"),
    [
        ("", "has no address"),
        ("//example.org/a", "write https: before the //"),
        ("/about", "is relative"),
        ("about.html", "is relative"),
        ("www.example.org", "is relative"),
        ("http://example.org", "is not encrypted: write https://"),
        ("javascript:alert(1)", "begins with javascript:"),
        ("JaVaScRiPt:alert(1)", "begins with javascript:"),
        ("data:text/html;base64,AA", "begins with data:"),
        ("file:///etc/passwd", "begins with file:"),
        ("https:", "names no host"),
        ("https:///path", "names no host"),
        ("https://[::1", "names no host"),
        ("mailto:", "has nothing after mailto:"),
    ],
)
def test_bad_addresses_are_named_with_what_to_write(address: str, said: str) -> None:
    (fault,) = faults_of(f"Before [words](<{address}>) after")
    assert fault.startswith("the link to ")
    assert said in fault


def test_an_address_that_cannot_be_taken_apart_names_no_host() -> None:
    assert "names no host" in address_fault("https://[::1")


def test_a_blank_does_not_hide_a_scheme() -> None:
    (fault,) = faults_of("[a](&#9;javascript:alert)")
    assert "begins with javascript:" in fault


def test_a_link_without_text_is_a_fault() -> None:
    (fault,) = faults_of("[](https://example.org)")
    assert "has no text" in fault


def test_an_autolink_is_checked_too() -> None:
    assert "not encrypted" in faults_of("<http://example.org>")[0]


def test_links_in_lists_tables_and_notes_are_checked() -> None:
    body = "- [a](/a)\n\n|[b](/b)|\n|-|\n|[c](/c)|\n\nx[^n]\n\n[^n]: [d](/d)"
    assert [fault[13:15] for fault in faults_of(body)] == ["/a", "/b", "/c", "/d"]


def test_an_image_needs_https_and_a_description() -> None:
    assert faults_of("![A chair](https://a.example/b.jpg#300x200)") == []
    assert "no description" in faults_of("![](https://a.example/b.jpg)")[0]
    assert "no description" in faults_of("![ ](https://a.example/b.jpg)")[0]
    for source in ("http://a.example/b.jpg", "/b.jpg", "//a.example/b", "data:image/png,A"):
        assert len(faults_of(f"![A]({source})")) == 1
    assert "is not on the web" in faults_of("![A](mailto:a@b.example)")[0]


def test_decoration_needs_no_description_and_says_so_behind_its_size() -> None:
    assert faults_of("![](https://a.example/b.jpg#300x200,decoration)") == []
    assert "no description" in faults_of("![](https://a.example/b.jpg#decoration)")[0]
    [image] = [
        child
        for token in read_markdown("![](https://a.example/b#30x20,decoration)", "en")
        for child in token.children or ()
    ]
    assert image_source(image) == "https://a.example/b"
    assert image_size(image) == (30, 20)


def test_a_long_address_is_shortened_in_the_message() -> None:
    assert len(faults_of("[a](/" + "x" * 500 + ")")[0]) < 200
