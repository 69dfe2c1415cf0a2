"""What holds for the call of every provider over HTTP, kind by kind."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from newsletter.domain.delivery.batch import OutgoingBatch
from newsletter.domain.delivery.provider import Replay
from newsletter.domain.errors import InvalidInput
from newsletter.providers.common.calls import HttpParcel, HttpProvider
from newsletter.providers.registry import OPTIONS, build
from newsletter.providers.transport.http import HttpRequest
from tests.contracts.provider import batch, content, recipients
from tests.fakes import FixedClock
from tests.provider_servers.kinds import KINDS


def keys(kind: str) -> dict[str, Any]:
    """The options without which there is none; every secret among them is ``hush``."""
    needed = KINDS[kind].options
    read = OPTIONS[kind].model_validate({"kind": kind, **needed})
    hidden = {name for name, value in read if isinstance(value, SecretStr)}
    return {**needed, **{name: "hush" for name in needed if name in hidden}}


KEYS = {kind: keys(kind) for kind in KINDS if kind != "http"}
"""``http`` says what a workspace writes: what it is held to stands in its own folder."""
NO_ADDRESSES = ["", "a b@x.example", 'a"b@x.example', "a,b@x.example", "a;b@x.example"]
NO_ADDRESSES += ["a\\b@x.example", "<a@x.example>", "(a)@x.example", "a:b@x.example"]
NO_WORDS = ['a"b', "a\\", "a\n", "a b", "ü", "{{x}}", "%recipient.m%", "<%body%>"]


def provider(kind: str, **options: object) -> HttpProvider:
    read = OPTIONS[kind].model_validate({"kind": kind, **KEYS[kind], **options})
    made = build(read, workspace=Path(), clock=FixedClock())
    assert isinstance(made, HttpProvider)
    return made


SINGLE = {kind for kind in KEYS if provider(kind).capabilities.max_recipients == 1}


def request(made: HttpProvider, sent: OutgoingBatch) -> HttpRequest:
    prepared = made.prepare(sent)
    assert isinstance(prepared, HttpParcel)
    return prepared.request


def one(**changes: Any) -> OutgoingBatch:
    return batch("ana@a.example", **changes)


def test_another_base_url_keeps_the_path(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for base in ["http://127.0.0.1:9", "http://127.0.0.1:9/"]:
            with subtests.test(kind=kind, base=base):
                usual = urlsplit(request(provider(kind), one()).url)
                other = request(provider(kind, base_url=base), one()).url
                assert len(usual.path) > 1
                assert other == f"http://127.0.0.1:9{usual.path}"


def test_the_same_batch_gives_the_same_bytes_and_another_attempt_others(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            first, again, other = (
                request(provider(kind), one(attempt_id=attempt)) for attempt in ("a1", "a1", "a2")
            )
            assert first == again
            assert (first.body, first.headers) != (other.body, other.headers)


def test_content_is_said_anew_when_only_the_text_behind_a_digest_changes(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            request(made, one())
            changed = replace(one(), content=content(subject="Another"))
            assert b"Another" in request(made, changed).body


def test_many_contents_in_turn_are_each_said_right(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            for number in [*range(10), *range(10)]:
                body = request(made, one(subject=f"Number {number}")).body
                assert {other for other in range(10) if f"Number {other}".encode() in body} == {
                    number
                }


def test_more_than_it_takes_and_nobody_are_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            made = provider(kind)
            most = made.capabilities.max_recipients
            why = "one call takes one" if kind in SINGLE else f"takes 1 to {most}"
            for count in (0, most + 1):
                readers = recipients(*(f"reader{number}@example.org" for number in range(count)))
                with pytest.raises(InvalidInput, match=f"{count} recipients; .*{why}"):
                    made.prepare(replace(one(), recipients=readers))


def test_an_address_that_would_break_the_call_is_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for address in NO_ADDRESSES:
            with subtests.test(kind=kind, address=address):
                others = () if kind in SINGLE else ("fine@example.org",)
                with pytest.raises(InvalidInput, match="an address is empty or holds"):
                    provider(kind).prepare(batch(*others, address))


def test_an_address_twice_in_a_batch_is_refused(subtests: pytest.Subtests) -> None:
    by_place = {"ses"}  # what is said of one reader cannot become another's there
    for kind in KEYS.keys() - SINGLE - by_place:
        with subtests.test(kind=kind), pytest.raises(InvalidInput, match="twice"):
            provider(kind).prepare(batch("a@example.org", "b@example.org", "a@example.org"))


def test_a_merge_value_that_is_no_plain_word_is_refused(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        for value in NO_WORDS:
            for field in ["unsubscribe", "message_id"]:
                with subtests.test(kind=kind, value=value, field=field):
                    changed: dict[str, Any] = {field: value}
                    reader = one().recipients[0]._replace(**changed)
                    with pytest.raises(InvalidInput, match="merge value"):
                        provider(kind).prepare(replace(one(), recipients=(reader,)))


def test_the_batch_size_lowers_the_limit_and_never_raises_it(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            most = provider(kind).capabilities.max_recipients
            lower = 1 if kind in SINGLE else most // 2
            assert provider(kind, batch_size=lower).capabilities.max_recipients == lower
            assert provider(kind, batch_size=5000).capabilities.max_recipients == most


def test_no_secret_shows(subtests: pytest.Subtests) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            options = OPTIONS[kind].model_validate({"kind": kind, **KEYS[kind]})
            secrets = [value for _, value in options if isinstance(value, SecretStr)]
            assert bool(secrets) == (kind != "mailpit")
            made = request(provider(kind), one())
            for shown in (repr(options), str(options), repr(made)):
                assert "hush" not in shown
                assert all(value not in shown for value in made.headers.values())


def test_options_that_cannot_work_are_refused_without_showing_a_secret(
    subtests: pytest.Subtests,
) -> None:
    for kind in KEYS:
        with subtests.test(kind=kind):
            wrong: list[dict[str, object]] = [{name: ""} for name in KEYS[kind]]
            wrong += [{"nonsense": "x"}, {"base_url": "nowhere"}, {"batch_size": 0}]
            for each in wrong:
                with pytest.raises(ValidationError) as caught:
                    provider(kind, **each)
                assert "hush" not in str(caught.value)


UNDER_A_KEY = {
    "brevo": "e2206c2e8c9f62a1dc4052dd46966fb641e43521c483e98c20274280c22e92fb",
    "resend": "662d6efc44ae38eab5d6effa7cc58f29372e41779282e0fd4e46f7efe4c0e28f",
}
"""The SHA-256 of what this version hands over. Where yours differs, attempts that are unknown when
somebody upgrades are not repeated under their key: write that into the changelog, then this."""


def test_an_upgrade_makes_the_bytes_that_the_version_before_it_made() -> None:
    keyed = {kind for kind in KEYS if provider(kind).capabilities.replay is Replay.KEYED}
    sent = batch("ana@a.example", "ben@b.example")
    made = {kind: request(provider(kind), sent).body for kind in sorted(keyed)}
    assert {kind: hashlib.sha256(body).hexdigest() for kind, body in made.items()} == UNDER_A_KEY
