"""Emails as files: which part is read, and what becomes of subject and attachments."""

import io
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from PIL import Image

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


def read(subject: str, **parts: str) -> ImportedDocument:
    return imported(email(subject, **parts))


def test_the_html_part_is_read_and_attachments_are_told_of() -> None:
    html = f"<h1>Forum leaves the council</h1><p>{FIRST}</p><p>{SECOND}</p>"
    document = read("Fwd: Our statement", html=html, attached="report.pdf")
    assert document.title == "Forum leaves the council"
    assert document.body == f"{FIRST}\n\n{SECOND}"
    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Please read this in a program that shows HTML.", "in the email's plain text alone"),
        ("report.pdf", "attached to the email"),
    ]


def test_the_plain_text_that_says_more_is_told_of_and_searched_for_an_embargo() -> None:
    html = f"<h1>Forum leaves</h1><p>{FIRST}</p><p><b>We</b> remain <a href='#x'>ready</a>.</p>"
    text = f"FORUM LEAVES\n\n{FIRST[:50]}\n{FIRST[50:]}\nWe remain ready <https://a.example/x>."
    document = read("Forum leaves", html=html, text=f"Embargoed until 9 May 2027.\n{text}\n")
    assert [(one.text, one.reason) for one in document.dropped] == [
        ("Embargoed until 9 May 2027.", "in the email's plain text alone")
    ]
    assert document.embargo is not None


@rows(
    ("closing", "signature"),
    [
        ("Kind regards\nPriya Nair\nPress office\n\n", "Kind regards Priya Nair Press office"),
        ("Mit freundlichen Grüßen\n\nPriya Nair\n\n", "Mit freundlichen Grüßen Priya Nair"),
        ("We are glad of regards.\n\n", ""),
    ],
)
def test_an_email_that_is_answered_is_told_of_apart_from_the_signature(
    closing: str, signature: str
) -> None:
    answered = "On 18 November 2026 at 09:14, Ada <a@b.example> wrote:\n\n> Is it final?\n"
    text = f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n\n{closing}{answered}"
    document = read("Forum leaves", text=text)
    lost = {one.reason: one.text for one in document.dropped}
    assert lost["an email that this one answers"].startswith("On 18 November 2026")
    assert lost.get("the signature of the email", "") == signature
    assert (closing.strip() in document.body) is not bool(signature)


@rows(
    ("disposition",),
    [("attachment; filename*=idna''a..b",), ("attachment; filename*=undefined''a",), ("@qb;b*",)],
)
def test_an_attachment_whose_header_cannot_be_read_is_told_of_by_its_type(disposition: str) -> None:
    data = email("Our statement", text=f"{FIRST}\n\n{SECOND}", attached="report.pdf")
    whole = b'attachment; filename="report.pdf"'
    assert whole in data
    document = imported(data.replace(whole, disposition.encode()))
    assert [one.text for one in document.dropped] == ["application/pdf"]
    assert document.body == f"{FIRST}\n\n{SECOND}"


def test_the_subject_is_the_title_where_the_text_shows_none() -> None:
    document = read("Re: FW: Forum leaves the council", text=f"{FIRST}\n\n{SECOND}\n")
    assert document.title == "Forum leaves the council"
    assert any("subject" in note for note in document.notes)


HEAD = "From: Ada <ada@forum.example>\nSent: 27 November 2026 10:00\nTo: d@forum.example"
GERMAN = "Von: Ada<br>Gesendet: 26. November 2026<br><b>An:</b> D<br><b>Betreff:</b> Our text"


@rows(
    ("head", "is_html"),
    [
        (f"Please send out.\n\n{HEAD}\nSubject: Our text\n\n", False),
        ("----- Original Message -----\nFrom: Ada\nTo: D\nSubject: Our text\n", False),
        (f"<p>-----Ursprüngliche Nachricht-----</p><p>{GERMAN}</p>", True),
        (f"<p>Bitte heute noch.</p><p>{GERMAN}</p>", True),
    ],
)
def test_the_head_of_a_forwarded_email_is_left_out_and_told_of(head: str, is_html: bool) -> None:
    for title in ("Forum leaves the council", ""):
        if is_html:
            html = f"{head}<p>{title}</p><p>{FIRST}</p><p>{SECOND}</p>"
            document = read("Fwd: Our text", html=html)
        else:
            document = read("Fwd: Our text", text=f"{head}\n{title}\n\n{FIRST}\n\n{SECOND}")
        assert document.title == (title or "Our text")
        assert document.guessed is not bool(title)
        assert document.body == f"{FIRST}\n\n{SECOND}"
        assert document.date == (date(2026, 11, 26 + (not is_html)) if "2026" in head else None)
        lost = {one.text for one in document.dropped if "forwarded email" in one.reason}
        assert any(text.endswith(": Our text") for text in lost)
        assert document.embargo is None


def test_what_apple_mail_quotes_whole_is_no_quotation() -> None:
    html = f"<blockquote type=cite><h1>Forum leaves</h1><p>{FIRST}</p><p>{SECOND}</p></blockquote>"
    assert read("Fwd: x", html=html).body == f"{FIRST}\n\n{SECOND}"


def test_the_subject_of_a_memo_is_its_title_and_an_email_that_is_answered_stays() -> None:
    memo = f"TO: All media\nFROM: The Forum\nSUBJECT: Forum leaves\n\n{FIRST}\n\n{SECOND}"
    assert read("x", text=memo).title == "Forum leaves"
    above = "\n\n".join(["Forum leaves", *[SECOND] * 10])
    assert (
        "Subject: Our text"
        in read("x", text=f"{above}\n\n{HEAD}\nSubject: Our text\n\n{FIRST}").body
    )


def test_an_embargo_in_the_subject_is_seen() -> None:
    document = read(
        "EMBARGOED until 3 December 2026: council", text=f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n"
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
        (f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n--\nPriya Nair\nSent from my iPhone\n", ""),
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
    document = read("Forum leaves", text=text, html=html)
    assert document.body == f"{FIRST}\n\n{SECOND}"
    [lost] = [one for one in document.dropped if one.reason == "the signature of the email"]
    assert "Priya Nair Sent from my iPhone" in lost.text


NOTICE = "CONFIDENTIALITY NOTICE: This e-mail and any attachments are for the intended recipient."
GERMAN_NOTICE = "Diese E-Mail enthält vertrauliche Informationen. Sind Sie nicht der Adressat, usw."
FRENCH_NOTICE = "Ce message et ses pièces jointes sont confidentiels."


@rows(
    "foot",
    ["Sent from my iPhone", "Von meinem iPhone gesendet", NOTICE, GERMAN_NOTICE, FRENCH_NOTICE],
)
def test_what_mail_programs_and_law_departments_write_below_it_is_left_out(foot: str) -> None:
    html = f"<h1>Forum leaves</h1><p>{FIRST}</p><p>{SECOND}</p><p><i>{foot}</i></p><p>Thanks</p>"
    for document in (
        read("Forum leaves", text=f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n\n{foot}\n"),
        read("Forum leaves", html=html),
    ):
        assert document.body == f"{FIRST}\n\n{SECOND}"
        assert any(one.text.startswith(foot[:40]) for one in document.dropped)


def test_a_mailbox_s_warning_of_strangers_is_left_out() -> None:
    banner = "CAUTION: This email originated from outside of the organization. Do not click links."
    text = f"{banner}\n\nForum leaves the council\n\n{FIRST}\n\n{SECOND}\n"
    document = read("FW: [EXTERNAL] Forum leaves", text=text)
    assert (document.title, document.body) == ("Forum leaves the council", f"{FIRST}\n\n{SECOND}")
    assert read("FW: [EXTERNAL] Forum", text=f"{FIRST}\n\n{SECOND}").title == "Forum"


def test_how_to_leave_the_list_it_was_once_sent_to_is_no_part_of_it() -> None:
    link = '<a href="https://x.example/u">Unsubscribe from this list</a>'
    for foot in (
        f"<p>You get this because you signed up. {link}</p>",
        f"<div><p>Sus datos: Calle Mayor, 5</p><p>© 2026</p><p>{link}</p></div>",
        f"<p><a href=a>Facebook</a> <a href=b>Twitter</a></p><p>{link}</p>",
    ):
        html = f"<h1>Forum leaves</h1><p>{FIRST}</p><p>{SECOND}</p>{foot}"
        document = read("Forum leaves", html=html)
        assert document.body == f"{FIRST}\n\n{SECOND}"
        assert any("once sent to" in one.reason for one in document.dropped)


def test_a_picture_that_came_with_the_email_is_kept_and_one_that_counts_readers_is_not() -> None:
    html = (
        f'<h1>Forum leaves</h1><p>{FIRST}</p><img src="cid:shown@1" alt="The hall">'
        '<img src="cid:dot@1"><img src="cid:lost@1" alt="Gone"><p>So it is.</p>'
    )
    message = email_from_bytes(email("Forum leaves", html=html))
    page = message.get_body(("html",))
    assert page is not None
    for name, size in (("shown", (60, 40)), ("dot", (1, 1))):
        page.add_related(png(size), "image", "png", cid=f"<{name}@1>")
    document = imported(bytes(message))

    assert [(one.alt, one.width, one.height) for one in document.pictures] == [("The hall", 60, 40)]
    assert [one.reason for one in document.dropped if "picture" in one.reason] == [
        "a picture of 1 × 1 pixels, which nobody sees",
        "a picture that was not kept: it is not in the file",
    ]


def test_an_email_that_only_brings_another_along_is_read_for_that() -> None:
    inner = email_from_bytes(
        email("Forum leaves", text=f"Forum leaves\n\n{FIRST}\n\n{SECOND}\n", attached="a.pdf")
    )
    for times in (1, 2):
        outer = EmailMessage()
        outer["Subject"] = "FW: please send"
        outer.set_content("Please send this today.\nThanks, Ada")
        outer.add_attachment(inner)
        document = imported(bytes(outer))
        assert (document.title, document.body) == ("Forum leaves", f"{FIRST}\n\n{SECOND}")
        assert [(one.text, one.reason) for one in document.dropped] == [
            *[("Please send this today. Thanks, Ada", "the email that it came with")] * times,
            ("a.pdf", "attached to the email"),
        ]
        inner = outer
    own = email_from_bytes(email("Forum leaves", text=f"Forum leaves\n\n{FIRST}\n\n{SECOND * 5}\n"))
    own.add_attachment(inner)
    assert imported(bytes(own)).body.startswith(FIRST)


def png(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#336699").save(out, "PNG")
    return out.getvalue()


def email_from_bytes(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_dash_amid_the_text_signs_nothing() -> None:
    text = "\n\n".join(["Forum leaves", FIRST, "--", *[SECOND] * 6])
    assert read("Forum leaves", text=text).body.count(SECOND) == 6


@rows("charset", ["x-unknown", "utf-7-nonsense", "ascii"])
def test_a_charset_that_is_none_is_guessed(charset: str) -> None:
    data = f"Subject: A b\nContent-Type: text/plain; charset={charset}\n\nForum geht für immer\n\n"
    document = imported((data + FIRST + "\n\n" + SECOND).encode())
    assert "für" in document.title + document.body
