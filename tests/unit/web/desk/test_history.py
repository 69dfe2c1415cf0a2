"""A line of the audit log in a sentence."""

from datetime import UTC, datetime

from newsletter.domain.staff.audit import AuditEntry
from newsletter.rendering.mail.words import desk_language
from newsletter.web.desk.history import describe_entry
from tests.rows import rows

DIGEST = "4fb02501" + "0" * 56
NAMES = {"ana@forum.example": "Ana Ruiz", "cleo@forum.example": "Cleo"}


def entry(actor: str, action: str, detail: str = "") -> AuditEntry:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    return AuditEntry(
        number=1, at=at, actor=actor, action=action, subject="hours", detail=detail, digest=""
    )


@rows(
    ["line", "said"],
    [
        (
            entry("ben@forum.example", "approve", f"{DIGEST} by command despite weekday: typo"),
            "Ben approved version 4fb0 2501 despite weekday: typo.",
        ),
        (
            entry("ben@forum.example", "revoke", "approval 3 taken back"),
            "Ben withdrew an approval.",
        ),
        (entry("ana@forum.example", "comment"), "Ana Ruiz commented."),
        (entry("ana@forum.example", "submit", "version 3"), "Ana Ruiz submitted version 3."),
        (entry("ana@forum.example", "submit"), "Ana Ruiz submitted the text."),
        (
            entry("ben@forum.example", "send back", f"{DIGEST}: Which Saturday?"),
            "Ben sent it back: version 4fb0 2501: Which Saturday?",
        ),
        (entry("ana@forum.example", "test", "one test mail"), "Ana Ruiz sent a test email."),
        (
            entry("cleo@forum.example", "schedule", "2026-12-01T08:00:00+00:00"),
            "Cleo set the time: Tue 1 Dec 2026, 09:00 Berlin.",
        ),
        (
            entry(
                "cleo@forum.example",
                "start",
                f"{DIGEST} to 12 readers, at 2026-12-01T09:00:00.5-05:00",
            ),
            "Cleo started it: version 4fb0 2501 to 12 readers, at Tue 1 Dec 2026, 15:00 Berlin.",
        ),
        (
            entry("cleo@forum.example", "pause", "campaign 3: paused by cleo@forum.example"),
            "Cleo paused it.",
        ),
        (entry("cleo@forum.example", "resume", "campaign 3: "), "Cleo resumed it."),
        (
            entry("scheduler", "schedule", f"campaign 3 of {DIGEST}"),
            "Scheduled by the program: version 4fb0 2501.",
        ),
        (
            entry("scheduler", "withdraw", "campaign 3: its file is gone, or has a fault"),
            "No longer scheduled: its file is gone, or has a fault.",
        ),
        (entry("scheduler", "start", "campaign 3 to 12 readers"), "Started sending to 12 readers."),
        (entry("scheduler", "finish", "campaign 3 is sent"), "Finished: sent."),
        (entry("cleo@forum.example", "undo", "start"), "Cleo undid the start."),
        (entry("newsletter", "retire", "3 mailboxes"), "Retire: 3 mailboxes."),
        (entry("operator", "test", "one test mail"), "An operator sent a test email."),
        (
            entry("dan@forum.example", "note", "reader1@example.org complained"),
            "Dan note: somebody complained.",
        ),
        (
            entry("dan@forum.example", "invite", "ana@forum.example as approver"),
            "Dan invite: Ana Ruiz as approver.",
        ),
    ],
)
def test_each_deed_is_a_sentence_without_an_address(line: AuditEntry, said: str) -> None:
    assert describe_entry(line, NAMES, "Europe/Berlin") == said


def test_each_deed_is_told_in_the_language_of_the_desk() -> None:
    german = desk_language("de")
    detail = f"{DIGEST} to 12 readers, at 2026-12-01T09:00:00.5-05:00"
    for line, said in (
        (
            entry("cleo@forum.example", "start", detail),
            "Gestartet von Cleo: Fassung 4fb0 2501 an 12 Personen,"
            " Zeit: Di. 1. Dez. 2026, 15:00 Uhr (Berlin).",
        ),
        (
            entry("scheduler", "start", "campaign 3 to 12 readers"),
            "Versand begonnen: an 12 Personen.",
        ),
        (entry("ana@forum.example", "comment"), "Kommentiert von Ana Ruiz."),
    ):
        assert german.say(describe_entry(line, NAMES, "Europe/Berlin")) == said
