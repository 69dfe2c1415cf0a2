"""The addresses that a browser may be led to, and the headers that a proxy may not hide."""

from collections.abc import Mapping

from starlette.requests import Request

from newsletter.web.desk.browser import cookie_name, desk_path
from newsletter.web.http.hosts import hides_the_host, host_name_in
from tests.desk import OURS, Staffed, words
from tests.rows import rows


@rows(
    "address",
    [
        "/desk",
        "/desk/",
        "/desk/statements/on-hours?page=2&done=%C3%A9",
        "/desk/drafts/3f%20a/edit",
        "/desk/audit?since=2026-01-01T00:00:00+01:00&next=//x",
    ],
)
def test_an_address_of_the_desk_is_kept(address: str) -> None:
    assert desk_path(address) == address


@rows(
    "address",
    [
        "",
        "//desk/x",
        "///desk/x",
        "/desk//evil.example",
        "/desk/x//y",
        "//evil.example/desk/",
        "https://evil.example/desk",
        "/\\evil.example/desk",
        "/desk/\\evil.example",
        "/desk\\..\\x",
        "/desk/../archive",
        "/desk/%2e%2E/archive",
        "/desk/.%2e/x",
        "/desk\t/x",
        "/desk/x\r\nSet-Cookie: a=b",
        "\n/desk",
        " /desk",
        "/desk#x",
        "/deskx",
        "/archive?next=/desk",
        "desk/x",
        "/desk/sign-out",
        "/desk/step-up?x",
        "/desk/é",
        "/desk/" + "x" * 2_000,
        "javascript:alert(1)",
        "http://[/desk",
    ],
)
def test_any_other_leads_home(address: str) -> None:
    assert desk_path(address) == "/desk"


@rows(
    ("field", "name"),
    [
        ("News.Forum.example:443", "news.forum.example"),
        ("news.forum.example.", "news.forum.example"),
        ("[::1]:8000", "::1"),
        ("[::1", ""),
        ("a b", ""),
        ("a/b", ""),
        ("user@a", ""),
        ("a:b", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_field(field: str, name: str) -> None:
    assert host_name_in(field) == name


def request(client: str, fields: Mapping[str, str]) -> Request:
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    return Request({"type": "http", "client": (client, 1), "headers": headers})


BOUND = "127.0.0.1:8000"


@rows(
    ("client", "fields", "hides"),
    [
        ("127.0.0.1", {"Host": BOUND}, False),
        ("::1", {"Host": "localhost:8000"}, False),
        ("127.0.0.1", {"Host": BOUND, "Origin": f"http://{BOUND}", **OURS}, False),
        ("203.0.113.7", {"Host": "desk.example"}, False),
        (
            "203.0.113.7",
            {"Host": "desk.example", "Origin": "https://desk.example:8443", **OURS},
            False,
        ),
        ("203.0.113.7", {"Host": "desk.example", "Origin": "null", **OURS}, False),
        ("203.0.113.7", {"Host": BOUND}, False),
        ("127.0.0.1", {"Host": BOUND, "Origin": "https://desk.example", **OURS}, True),
        ("127.0.0.1", {"Host": "backend", "Origin": "https://desk.example", **OURS}, True),
    ],
)
def test_a_proxy_that_does_not_pass_on_the_host_is_found_out(
    client: str, fields: Mapping[str, str], hides: bool
) -> None:
    assert hides_the_host(request(client, fields)) is hides


def test_behind_such_a_proxy_nobody_signs_in_and_the_page_says_what_to_write(
    staffed: Staffed,
) -> None:
    fields = {"Host": BOUND, "Origin": "https://news.forum.example", **OURS}
    form = {"email": "dan@forum.example", "password": "umbrella kettle forest nine"}
    for client in ("127.0.0.1", "203.0.113.7"):
        answer = staffed.site.post("/desk/sign-in", form, headers=fields, client=client)
        assert answer.status == 421
        assert "proxy_set_header Host $host;" in words(answer)
        assert answer.cookies == ()


@rows(
    ("scheme", "host", "client", "name"),
    [
        ("http", BOUND, "127.0.0.1", "desk"),
        ("http", "[::1]:8000", "::1", "desk"),
        ("http", BOUND, "203.0.113.7", "__Host-desk"),
        ("http", "news.forum.example", "127.0.0.1", "__Host-desk"),
        ("https", BOUND, "127.0.0.1", "__Host-desk"),
    ],
)
def test_only_what_never_leaves_this_machine_gets_a_cookie_without_secure(
    scheme: str, host: str, client: str, name: str
) -> None:
    asked = request(client, {"Host": host})
    asked.scope["scheme"] = scheme
    asked.scope["path"] = "/desk"
    assert cookie_name(asked) == name
