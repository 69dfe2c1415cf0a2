"""The pages to join by, under attack; many tests bear the name of the advisory they learn from."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from lxml import html

from tests.acceptance.signing import LISTS, fields_of, letters, sign_up
from tests.acceptance.site import Site
from tests.acceptance.workspace import Workspace
from tests.rows import rows

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</textarea><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7*7 }}",
    "${7*7}{organisation}{lists}",
    '" autofocus onfocus="alert(1)',
]


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = Workspace.create(tmp_path_factory.mktemp("safe") / "forum", lists=LISTS)
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def site(forum: Workspace) -> Iterator[Site]:
    site = Site(forum)
    yield site
    site.close()


def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(site: Site) -> None:
    answer = sign_up(site, "ana@", name="x" * 101)

    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    email = page.get_element_by_id("email")
    assert email.get("value") == "ana@"
    assert email.get("aria-invalid") == "true"
    for field in ("email", "name"):
        about = page.get_element_by_id(field).get("aria-describedby")
        assert page.get_element_by_id(about).text_content()
    [fieldset] = page.xpath("//fieldset")
    assert "Select" in page.get_element_by_id(fieldset.get("aria-describedby")).text_content()
    assert [one.get("id") for one in page.xpath("//*[@autofocus]")] == ["email"]
    assert page.xpath("//*[@role='alert']")


def test_lists_are_ticked_by_the_link_and_by_the_person_alone(site: Site) -> None:
    def ticked(page: str) -> list[str]:
        return html.document_fromstring(page).xpath("//input[@checked]/@value")

    assert ticked(site.ask("GET", "/subscribe").text) == []
    assert ticked(site.ask("GET", "/subscribe?list=sport&list=secret").text) == ["sport"]
    assert ticked(sign_up(site, "", "press").text) == ["press"]


@pytest.mark.parametrize("payload", XSS)
def test_s3_cve_2026_21483_what_is_typed_is_shown_as_text(site: Site, payload: str) -> None:
    """listmonk: what a stranger stored ran in somebody else's browser."""
    answer = sign_up(site, payload, name=payload + "\x00", wording=payload, language=payload)

    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    assert page.get_element_by_id("email").get("value") == payload
    assert not page.xpath("//script | //img | //svg | //iframe | //textarea")
    assert not [name for one in page.iter("*") for name in one.attrib if name.startswith("on")]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_s4_ghsa_rf24_wg77_gq7w_another_site_can_ask_for_nothing_but_a_letter(
    forum: Workspace, site: Site
) -> None:
    """listmonk: a page on another site acted in the name of the person who opened it."""
    fields = {"email": "bo@example.org", "list": "press"}
    answer = site.ask("POST", "/subscribe", data=fields, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 303
    assert "Access-Control-Allow-Origin" not in answer.headers
    [letter] = [one for one in letters(forum) if one["address"] == "bo@example.org"]
    assert letter["source"] == "a form on evil.example"
    assert letter["wording"] == "", "nobody knows what was shown there"
    forum.do("subscribers", "show", "bo@example.org", code=1)


@pytest.mark.parametrize("origin", ["null", "https://[", "https://é.example", "x" * 300, ""])
def test_an_origin_that_is_none_is_no_source(forum: Workspace, site: Site, origin: str) -> None:
    address = f"o{len(origin)}{origin[-1:].encode().hex()}@example.org"
    headers = {"Origin": origin.encode("utf-8")}
    site.ask("POST", "/subscribe", data={"email": address, "list": "press"}, headers=headers)

    [letter] = [one for one in letters(forum) if one["address"] == address]
    assert letter["source"] == "a form"


@rows("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
@rows(
    "path",
    [
        "/confirm/",
        "/confirm/1",
        "/confirm/" + "A" * 32,
        "/confirm/" + "A" * 32 + "/",
        "/Confirm/" + "A" * 32,
        "/confirm//" + "A" * 32,
        "/confirm/%00",
        "/confirm/..%2f..%2fetc",
        "/confirm/" + "A" * 5_000,
    ],
)
def test_s5_cve_2026_22595_no_spelling_of_a_path_opens_a_letter(
    site: Site, method: str, path: str
) -> None:
    """Ghost: a slash at the end led past the check."""
    answer = site.ask(method, path)

    assert answer.status_code in {404, 405}
    assert "Location" not in answer.headers


def test_s6_cve_2021_42097_links_for_other_purposes_and_forged_ones_are_the_same_page(
    site: Site,
) -> None:
    """Mailman: a token of one purpose was good for another."""
    tokens = ["A" * 32, "B" * 32, "A" * 36, "-" * 32, "AAAAAAAAAAHSmo66MSGv2lxCJOp9JOkD"]
    answers = {site.ask("POST", f"/confirm/{token}").text for token in tokens}

    assert len(answers) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.org\r\nBcc: bo@example.org",
        "ana@example.org\nSubject: x",
        "ana\x00@example.org",
        "ana\u2028@example.org",
        "ana\x85@example.org",
        "ana@example.org,bo@example.org",
        "<ana@example.org>",
        '"ana\r\n"@example.org',
    ],
)
def test_s10_cve_2024_6923_no_address_brings_a_header_field(site: Site, address: str) -> None:
    """Python's email module: a line break in a value began another field."""
    assert sign_up(site, address, "press").status_code == 422


def test_s10_a_name_and_a_list_bring_none_either(forum: Workspace, site: Site) -> None:
    before = len(letters(forum))
    assert sign_up(site, "cy@example.org", "press", name="a\r\nBcc: x").status_code == 422
    assert sign_up(site, "cy@example.org", "press\r\nBcc: x").status_code == 422
    assert len(letters(forum)) == before


def test_s13_one_mailbox_is_bombed_by_nobody(forum: Workspace, site: Site) -> None:
    """Mailman: 18,099 sign-ups in a day, each a mail to somebody who had not asked."""
    before = len(letters(forum))
    networks = (f"{a}.{b}.8.8" for a in (5, 8, 23, 31) for b in range(1, 26))
    answers = [
        site.ask(
            "POST",
            "/subscribe",
            data={"email": f"victim+{number}@example.org", "list": "press"},
            headers={"X-Forwarded-For": network},
        )
        for number, network in enumerate(networks)
    ]

    assert {(one.status_code, one.content) for one in answers} == {(303, b"")}
    assert len(letters(forum)) == before + 1


def test_s13_one_network_asks_for_so_many_letters_an_hour(forum: Workspace, site: Site) -> None:
    def post(number: int, network: str) -> int:
        data = {"email": f"n{number}@example.org", "list": "press"}
        headers = {"X-Forwarded-For": network}
        return site.ask("POST", "/subscribe", data=data, headers=headers).status_code

    statuses = [post(number, f"9.9.9.{number}") for number in range(23)]

    assert statuses == [303] * 20 + [429] * 3
    assert post(99, "9.9.10.1") == 303
    assert len([one for one in letters(forum) if re.match(r"n\d+@", one["address"])]) == 21


def test_s13_a_limited_network_learns_nothing_of_any_address(site: Site) -> None:
    """The answer is the same for a new address and for one that was entered before."""
    for count in range(21):
        address = "again@example.org" if count % 2 else f"q{count}@example.org"
        data = {"email": address, "list": "press"}
        answer = site.ask("POST", "/subscribe", data=data, headers={"X-Forwarded-For": "11.1.1.1"})
        assert answer.status_code == (303 if count < 20 else 429)


def test_a_program_that_fills_in_all_fields_is_thanked_and_not_taken(
    forum: Workspace, site: Site
) -> None:
    before = len(letters(forum))
    honest = sign_up(site, "dee@example.org", "press")
    trapped = sign_up(site, "eli@example.org", "press", website="https://spam.example")

    assert (trapped.status_code, trapped.content) == (honest.status_code, honest.content)
    assert trapped.headers["Location"] == honest.headers["Location"]
    assert len(letters(forum)) == before + 1
    [trap] = html.document_fromstring(site.ask("GET", "/subscribe").text).xpath(
        "//*[@class='trap']"
    )
    assert trap.get("aria-hidden") == "true"
    assert trap.xpath(".//input/@tabindex") == ["-1"]
    assert trap.xpath(".//input/@autocomplete") == ["off"]


def test_s14_cve_2022_41697_known_and_unknown_addresses_get_equal_bytes(
    forum: Workspace, site: Site
) -> None:
    """Ghost: the answer told whether an address was a member's."""
    known = ["fay@example.org", "gus@example.org", "hal@example.org"]
    forum.subscribe(known[:1])
    forum.subscribe(known[1:2])
    forum.do("subscribers", "suppress", known[2])

    answers = [sign_up(site, address, "press") for address in (*known, "stranger@example.org")] * 2

    def seen(answer: object) -> tuple[object, ...]:
        headers = {k: v for k, v in answer.headers.items() if k.lower() != "date"}  # type: ignore[attr-defined]
        return answer.status_code, answer.content, tuple(headers.items())  # type: ignore[attr-defined]

    assert len(set(map(seen, answers))) == 1


def test_words_that_are_ours_no_more_are_shown_again(site: Site) -> None:
    answer = sign_up(site, "ivy@example.org", "press", wording="f" * 64, name="Ivy")

    assert answer.status_code == 422
    page = html.document_fromstring(answer.text)
    assert page.get_element_by_id("consent-fault").text_content()
    assert fields_of(answer.text)["email"] == "ivy@example.org"
    fields = fields_of(answer.text) | {"list": "press"}
    assert site.ask("POST", "/subscribe", data=fields).status_code == 303


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_body_without_a_length_is_bounded_too(site: Site) -> None:
    parts = (b"email=" + b"a" * 4_000 for _ in range(10))
    assert site.ask("POST", "/subscribe", data=parts, headers=FORM).status_code == 413


def test_no_secret_nor_address_stands_in_the_address_of_the_next_page(site: Site) -> None:
    form = fields_of(site.ask("GET", "/subscribe?language=de").text)
    form |= {"email": "kim@example.org", "list": "press"}
    answer = site.ask("POST", "/subscribe", data=form)

    assert answer.headers["Location"] == "subscribe/asked?language=de"
    odd = urlencode({"language": "<script>"})
    assert "<script>" not in site.ask("GET", f"/subscribe/asked?{odd}").text
