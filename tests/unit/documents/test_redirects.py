"""Links through the servers of mail programs: what they lead to is what readers get."""

from datetime import date

from newsletter.documents.importing import import_file
from newsletter.documents.redirects import resolve_redirect
from tests.rows import rows

TODAY = date(2026, 11, 27)
SAFE = "https://eur02.safelinks.protection.outlook.com"
REPORT = "https://forum.example/report?a=1&b=2"
SAFE_LINK = f"{SAFE}/?url=https%3A%2F%2Fforum.example%2Freport%3Fa%3D1%26b%3D2&data=05%7C02&r=0"
TEXT = "The Example Forum left the council today after two years of work on fair housing for all."


@rows(
    ("address", "leads_to"),
    [
        ("https://www.google.com/url?q=https://forum.example/a%3Fb%3D1&sa=D", "/a?b=1"),
        ("https://www.google.com/url?rct=j&url=https://forum.example/a&sa=t", "/a"),
        (f"{SAFE}/?url=https%3A%2F%2Fforum.example%2Fa&data=05%7C&reserved=0", "/a"),
        (f"{SAFE}/ap/w-59584e83/?url=https%3A%2F%2Fforum.example%2Fa&data=05", "/a"),
    ],
)
def test_a_link_leads_where_its_writer_meant(address: str, leads_to: str) -> None:
    assert resolve_redirect(address) == f"https://forum.example{leads_to}"


@rows(
    "address",
    [
        REPORT,
        "https://www.google.com/search?q=https://forum.example/a",
        "https://www.google.com/url?q=javascript:alert(1)",
        "https://www.google.com/url",
        f"{SAFE}/?data=05",
        f"{SAFE}.evil.example/?url=https%3A%2F%2Fforum.example",
        "https://evil.example/url?q=https://forum.example/",
    ],
)
def test_any_other_address_stays_as_it_is(address: str) -> None:
    assert resolve_redirect(address) == address


def test_links_of_pages_and_of_plain_texts_are_made_direct_and_told_of() -> None:
    page = f'<h1>Forum leaves the council</h1><p>{TEXT} See <a href="{SAFE_LINK}">it</a>.</p>'
    text = f"Forum leaves the council\n\n{TEXT}\n\nSee {SAFE_LINK} for more, or https://[x.\n"
    for name, written in (("a.html", page), ("a.txt", text)):
        document = import_file(written.encode(), today=TODAY, file=name)
        assert REPORT in document.body
        assert "safelinks" not in document.body
        assert "1 link through a mail program's or Google's redirect made direct." in document.notes
