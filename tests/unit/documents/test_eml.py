"""Emails as files: which part is read, and what becomes of subject and attachments."""

from datetime import date
from email.message import EmailMessage

import pytest

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tests.rows import rows

TODAY = date(2026, 11, 27)
FIRST = "The Example Forum left the council today after two years of work on fair housing for all."
SECOND = "We remain ready to speak with everybody who wants homes that people can pay for."


def email(subject: str, *, text: str = "", html: str = "", attached: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "Press <press@forum.example>"
    message["Subject"] = subject
    message.set_content(text or "Please read this in a program that shows HTML.")
    if html:
        message.add_alternative(html, subtype="html")
    if attached:
        message.add_attachment(b"bytes", maintype="application", subtype="pdf", filename=attached)
    return bytes(message)


def imported(data: bytes) -> ImportedDocument:
    return import_file(data, today=TODAY, file="statement.eml")


def test_the_html_part_is_read_and_attachments_are_told_of() -> None:
    html = f"<h1>Forum leaves the council</h1><p>{FIRST}</p><p>{SECOND}</p>"
    document = imported(email("Fwd: Our statement", html=html, attached="report.pdf"))
    assert document.title == "Forum leaves the council"
    assert document.body == f"{FIRST}\n\n{SECOND}"
    assert [(one.text, one.why) for one in document.dropped] == [
        ("report.pdf", "attached to the email")
    ]


def test_the_subject_is_the_title_where_the_text_shows_none() -> None:
    document = imported(email("Re: FW: Forum leaves the council", text=f"{FIRST}\n\n{SECOND}\n"))
    assert document.title == "Forum leaves the council"
    assert any("subject" in note for note in document.notes)


def test_an_embargo_in_the_subject_is_seen() -> None:
    document = imported(
        email(
            "EMBARGOED until 3 December 2026: council",
            text=f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n",
        )
    )
    assert document.embargo is not None


@rows(
    ("data", "said"),
    [
        (b"", "no email"),
        (b"\x00\xff" * 50, "no email"),
        (b"Subject: x\r\nContent-Type: image/png\r\n\r\nabc", "no email"),
        (b"Content-Type: x\n" * 2_000, "more than 1000 parts"),
    ],
)
def test_what_is_no_email_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        imported(data)


@rows(
    ("text", "html"),
    [
        (
            f"Forum leaves the council\n\n{FIRST}\n\n{SECOND}\n\n"
            "-- \nPriya Nair\nSent from my iPhone\n",
            "",
        ),
        (
            "",
            f"<h1>Forum leaves</h1><p>{FIRST}</p><p>{SECOND}</p>"
            "<div>-- <br>Priya Nair<br>Sent from my iPhone</div>",
        ),
        (
            "",
            f"<h1>Forum leaves</h1><p>{FIRST}</p><p>{SECOND}</p><div>--</div>"
            "<div class=gmail_signature><div>Priya Nair</div><div>Sent from my iPhone</div></div>",
        ),
    ],
)
def test_the_signature_of_whoever_sent_it_is_left_out_and_told_of(text: str, html: str) -> None:
    document = imported(email("Forum leaves", text=text, html=html))
    assert document.body == f"{FIRST}\n\n{SECOND}"
    [lost] = [one for one in document.dropped if one.why == "the signature of the email"]
    assert "Priya Nair Sent from my iPhone" in lost.text


def test_a_dash_amid_the_text_signs_nothing() -> None:
    text = "\n\n".join(["Forum leaves", FIRST, "--", *[SECOND] * 6])
    assert imported(email("Forum leaves", text=text)).body.count(SECOND) == 6


@rows(
    "charset",
    ["x-unknown", "utf-7-nonsense", "ascii"],
)
def test_a_charset_that_is_none_is_guessed(charset: str) -> None:
    data = f"Subject: A b\nContent-Type: text/plain; charset={charset}\n\nForum geht für immer\n\n"
    document = imported((data + FIRST + "\n\n" + SECOND).encode())
    assert "für" in document.title + document.body
