"""A line of the audit log in a sentence."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from newsletter.domain.delivery.restore_guard import sending_stop
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.wording import Sentence, listed, pack, people, say
from newsletter.pipeline.history import describe_action, describe_entry
from newsletter.rendering.mail.words import desk_language
from tests.rows import rows

DIGEST = "4fb02501" + "0" * 56
NAMES = {"ana@forum.example": "Ana Ruiz", "cleo@forum.example": "Cleo"}
NOON = datetime(2026, 12, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=-5)))


def entry(actor: str, action: str, **values: object) -> AuditEntry:
    detail = json.dumps({name: pack(value) for name, value in values.items()})
    return AuditEntry(
        number=1, at=NOON, actor=actor, action=action, subject="hours", detail=detail, digest=""
    )


STARTED = {"version": DIGEST, "readers": 12, "when": say("at {time}", time=LATER)}


@rows(
    ["line", "said"],
    [
        (
            entry("ben@forum.example", "approve", version=DIGEST, despite="typo"),
            "Ben approved the statement: typo.",
        ),
        (entry("ben@forum.example", "revoke", approvals=[3]), "Ben withdrew an approval."),
        (entry("ana@forum.example", "comment"), "Ana Ruiz commented."),
        (entry("ana@forum.example", "submit", number=3), "Ana Ruiz submitted version 3."),
        (entry("ana@forum.example", "submit"), "Ana Ruiz submitted the text."),
        (
            entry("ben@forum.example", "send back", version=DIGEST, reason="Which Saturday?"),
            "Ben sent the statement back: Which Saturday?",
        ),
        (
            entry("cleo@forum.example", "schedule", at=NOON),
            "Cleo set the time: Tue 1 Dec 2026, 09:00 Berlin.",
        ),
        (
            entry("cleo@forum.example", "start", **STARTED),
            "Cleo started the statement for 12 people, at Tue 1 Dec 2026, 15:00 Berlin.",
        ),
        (entry("cleo@forum.example", "pause", campaign=3), "Cleo paused it."),
        (
            entry("scheduler", "start", campaign=3, readers=1),
            "The program began to send to 1 person.",
        ),
        (entry("operator", "test"), "An operator sent a test email."),
        (
            entry("dan@forum.example", "annotate", text="reader1@example.org complained"),
            "Dan wrote on its page: somebody complained.",
        ),
        (
            entry("dan@forum.example", "revoke token", token="CRM", of="ana@forum.example"),
            "Dan revoked the token CRM of Ana Ruiz.",
        ),
        (
            entry("dan@forum.example", "comment", channel="through token 1"),
            "Dan commented, through token 1.",
        ),
        (entry("dan@forum.example", "juggle", balls=3), "Dan: juggle."),
        (
            entry("cleo@forum.example", "hold", reason=sending_stop("ana@forum.example", NOON, "")),
            "Cleo stopped all sending: stopped by Ana Ruiz on 2026-12-01 08:00 UTC.",
        ),
    ],
)
def test_each_deed_is_a_sentence_without_an_address(line: AuditEntry, said: str) -> None:
    assert describe_entry(line, NAMES, "Europe/Berlin") == said


def test_the_log_of_admins_shows_addresses_and_hashes() -> None:
    line = entry("dan@forum.example", "annotate", text="reader1@example.org complained")
    said = "dan@forum.example wrote on its page: reader1@example.org complained."
    assert describe_entry(line, None, "UTC") == said
    line = entry("ben@forum.example", "approve", version=DIGEST)
    assert describe_entry(line, None, "UTC") == "ben@forum.example approved the email 4fb0 2501."


def test_each_deed_is_told_in_the_language_of_the_desk() -> None:
    german = desk_language("de")
    for line, said in (
        (
            entry("cleo@forum.example", "start", **STARTED),
            "Gestartet von Cleo, an 12 Personen, Zeit: Di. 1. Dez. 2026, 15:00 Uhr (Berlin).",
        ),
        (entry("ana@forum.example", "comment"), "Kommentiert von Ana Ruiz."),
        (entry("ben@forum.example", "approve", version=DIGEST), "Freigegeben von Ben."),
    ):
        assert german.say(describe_entry(line, NAMES, "Europe/Berlin")) == said


@pytest.mark.parametrize(
    "value", [listed(["a", people(2)]), NOON, ("a", 1), "a", say("{x} {{}}", x=1)]
)
def test_a_value_is_kept_with_its_pattern_and_its_type(value: object) -> None:
    read = entry("x", "y", value=value).values["value"]
    assert read == value
    if isinstance(value, Sentence):
        assert isinstance(read, Sentence)
        assert (read.pattern, read.many, read.values) == (value.pattern, value.many, value.values)


@pytest.mark.parametrize("detail", ["", "nothing", "[]", '{"a": {"say": []}}', '{"a": {"at": 1}}'])
def test_a_line_that_somebody_changed_has_no_values(detail: str) -> None:
    line = AuditEntry(
        number=1, at=NOON, actor="a", action="b", subject="c", detail=detail, digest=""
    )
    assert line.values == {}


@rows(
    ["action", "said"],
    [
        ("approve", "… approved the email …"),
        ("comment", "… commented"),
        ("import", "… began import …; SHA-256 …"),
        ("undo import", "… undid import …: … removed, … stay"),
        ("unheard of", "…: unheard of"),
    ],
)
def test_an_act_is_named_by_its_shortest_sentence(action: str, said: str) -> None:
    assert describe_action(action) == said


def test_an_act_is_named_in_each_language() -> None:
    said = desk_language("de").say(describe_action("undo import"))
    assert said.count("…") == 4
    assert "removed" not in said
