"""Whatever is asked of the pages and the webhooks, they answer; they never fail."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.fuzz.hostile import BYTES, TEXT, hostile
from tests.pages import Forum, forum

FIELDS = [
    *("email", "list", "had", "name", "language", "timezone", "pause", "day", "consent", "q"),
    *("List-Unsubscribe", "address", "page", "url"),
]
HEADERS = [
    *("accept-language", "content-type", "if-none-match", "if-modified-since", "origin", "referer"),
    *("authorization", "x-twilio-email-event-webhook-signature", "sec-fetch-site", "range"),
]
KINDS = ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Any) -> Iterator[Forum]:
    webhook = {"webhook_key": "3f2a9c-signing"}
    provider = {"kind": "mailgun", "domain": "forum.example", "api_key": "key", **webhook}
    folder = tmp_path_factory.mktemp("fuzzed")
    with forum(folder, database=migrated, provider=provider) as site:
        site.subscribe("ana@example.org")
        yield site


def paths(site: Forum) -> list[str]:
    """Return every path, with a % for each part that a client chooses."""
    routes = [route for route in site.pages.routes if isinstance(route, Route)]
    assert len(routes) > 15
    gaps = (route.path.replace("{", "\x00{").split("\x00") for route in routes)
    return sorted(
        {
            "".join(
                "%" + part.partition("}")[2] if part.startswith("{") else part for part in parts
            )
            for parts in gaps
        }
    )


def words(site: Forum) -> list[str]:
    """Values with a meaning in a part that a client chooses."""
    mine = [site.unsubscribe_link(1), site.unsubscribe_link(999), site.preferences_link()]
    tokens = [link.rpartition("/")[2] for link in mine]
    email = site.services.links.email_token(1)
    return [*tokens, email, tokens[0][:-1], "9" * 4400, "0", "-1", "mailgun", "²", "news"]


@settings(hostile, max_examples=hostile.max_examples // 6)
@given(st.data())
def test_each_path_answers_whatever_is_asked(site: Forum, data: st.DataObject) -> None:
    part = data.draw(st.one_of(TEXT, st.sampled_from(words(site))))
    part = part.encode("utf-8", "replace").decode()
    query = "&".join(
        f"{name}={quote(value, errors='replace')}"
        for name, value in data.draw(
            st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=2)
        ).items()
    )
    headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), PRINTABLE, max_size=2))
    if kind := data.draw(st.sampled_from(KINDS)):
        headers["content-type"] = kind
    form = data.draw(st.dictionaries(st.sampled_from(FIELDS), TEXT, max_size=4))
    body = data.draw(BYTES)
    if form:
        body = "&".join(f"{n}={quote(v, errors='replace')}" for n, v in form.items()).encode()
    method = data.draw(st.sampled_from(METHODS))
    for path in paths(site):
        answer = site.ask(
            method,
            path.replace("%", part.replace("?", "")) + (f"?{query}" if query else ""),
            headers=headers,
            body=body,
        )
        # /readyz says so where no process sends, as here
        assert answer.status < 500 or path.startswith("/readyz"), (path, answer.status)
        assert b"Traceback" not in answer.body
