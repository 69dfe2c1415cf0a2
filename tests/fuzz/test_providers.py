"""Whatever a provider answers, there is one verdict for each reader, and no error."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.http.body import MESSAGE_FIELDS, BodyTemplate
from newsletter.providers.http.send import AnswerPath
from newsletter.transport.http import HttpResponse
from tests.contracts.provider import batch
from tests.fuzz.hostile import BYTES, JSON, TEXT, hostile
from tests.provider_servers.kinds import KINDS, made
from tests.servers import LoopbackServer, Received, Step, reply

NOWHERE = "http://127.0.0.1:9"
KEYS = [
    *("id", "ids", "data", "message", "messages", "message_id", "message_ids", "messageId"),
    *(
        "messageIds",
        "success",
        "errors",
        "error",
        "code",
        "name",
        "status",
        "response",
        "responses",
    ),
    *("Messages", "Status", "To", "Email", "MessageID", "MessageUUID", "Errors", "ErrorCode"),
    *("ErrorMessage", "StatusCode", "ErrorRelatedTo", "ErrorIdentifier", "Message", "SubmittedAt"),
    *("BulkEmailEntryResults", "MessageId", "Error", "__type", "parameters", "queued", "ID"),
    *("messageVersions", "token", "statusCode", "field", "help"),
]
STATUSES = [
    200,
    201,
    202,
    204,
    207,
    302,
    400,
    401,
    402,
    403,
    404,
    409,
    413,
    420,
    422,
    429,
    500,
    503,
]
SAID = st.recursive(
    st.one_of(JSON, st.sampled_from(["ana@a.example", "ben@b.example", 0, 200, 300, 406, "1"])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    ),
    max_leaves=15,
)
"""JSON in the words of providers."""
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "x-message-id", "content-type", "x-amzn-errortype"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    max_size=3,
)


@pytest.fixture(scope="module")
def providers() -> Iterator[dict[str, HttpProvider]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(made(kind, NOWHERE)) for kind in KINDS}


def check(answer: Answer, of: OutgoingBatch) -> None:
    assert set(answer.exceptions) <= {one.subscriber_id for one in of.recipients}
    assert 0 <= answer.count_not_sent(len(of.recipients)) <= len(of.recipients)
    for outcome in (answer.outcome, *answer.exceptions.values()):
        assert isinstance(outcome.verdict, Verdict)
        outcome.reason.encode()  # it is written down
        outcome.provider_id.encode()


@settings(hostile, max_examples=hostile.max_examples * 2)
@given(st.sampled_from(STATUSES), HEADERS, st.one_of(SAID, BYTES))
def test_an_answer_gives_one_verdict_for_each_reader(
    providers: dict[str, HttpProvider], status: int, headers: dict[str, str], said: Any
) -> None:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    response = HttpResponse(status=status, headers=headers, body=body)
    for provider in providers.values():
        most = provider.capabilities.max_recipients
        for of in (batch("ana@a.example"), batch()):
            if len(of.recipients) <= most:
                check(provider._translator.parse(of, response), of)


@hostile
@given(
    st.lists(st.one_of(TEXT, st.sampled_from(["{{ message.", "}}", *MESSAGE_FIELDS])), max_size=8)
)
def test_a_body_that_is_described_is_filled_or_refused(pieces: list[str]) -> None:
    for source in ("".join(pieces), json.dumps({"to": "".join(pieces)})):
        with suppress(ValueError):
            BodyTemplate(source, several=False)


@hostile
@given(st.one_of(TEXT, st.text("ab.[]0:-", max_size=12)), SAID)
def test_a_path_into_an_answer_finds_a_text_or_nothing(path: str, said: Any) -> None:
    with suppress(ValueError):
        found = AnswerPath(path).find(
            HttpResponse(status=200, headers={}, body=json.dumps(said).encode())
        )
        assert isinstance(found, str)


class Records(LoopbackServer):
    """Answers each question as scripted."""

    said = b""

    def usual(self, received: Received) -> Step:
        return reply(200, self.said)


RECORD_KEYS = [
    *("items", "paging", "next", "previous", "event", "id", "timestamp", "recipient", "message"),
    *("headers", "message-id", "user-variables", "campaign", "attempt", "subscriber", "severity"),
    *("TotalCount", "Messages", "MessageID", "Metadata", "Recipients", "Bounces", "ID", "Type"),
    *("Email", "BouncedAt", "Details", "Tag", "messages", "msg_id", "to_email", "unique_args"),
    *("transactionalEmails", "uuid", "messageId", "email", "tags", "date", "name", "cursor"),
    *("delivery-status", "code", "TypeCode", "custom_variables", "message_id", "next_page_cursor"),
]
RECORDED = st.recursive(
    st.one_of(JSON, st.sampled_from(["ana@a.example", "attempt1", "1", 1, 0, -1, 1e300])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(RECORD_KEYS), inner, max_size=5),
    ),
    max_leaves=15,
)
PAGE = st.one_of(
    RECORDED,
    st.tuples(st.sampled_from(RECORD_KEYS), st.lists(RECORDED, max_size=3)).map(
        lambda one: {one[0]: one[1], "paging": {}, "TotalCount": len(one[1])}
    ),
)


@pytest.fixture(scope="module")
def records() -> Iterator[tuple[Records, list[HttpProvider]]]:
    """Providers whose records can be searched, at one server."""
    with Records() as server, ExitStack() as stack:
        providers = [stack.enter_context(made(kind, server.url)) for kind in KINDS]
        asked = [one for one in providers if one.capabilities.records_delay is not None]
        assert len(asked) == 5
        yield server, asked


@settings(hostile, max_examples=hostile.max_examples // 2)
@given(st.one_of(PAGE.map(lambda one: json.dumps(one).encode()), BYTES))
def test_records_name_nobody_but_who_was_asked_for(
    records: tuple[Records, list[HttpProvider]], said: bytes
) -> None:
    server, asked = records
    server.said = said
    ours = batch()
    for provider in asked:
        found = provider.look_up(ours).found
        assert found.keys() <= {one.subscriber_id for one in ours.recipients}
