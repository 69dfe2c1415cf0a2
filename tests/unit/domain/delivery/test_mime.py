"""Messages in bytes, read back with the standard library's own parser."""

import email
import email.policy
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest

from newsletter.domain.delivery.mime import (
    ascii_domain,
    mime_template,
    plain_field,
    plain_mailbox,
    to_mime,
)
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.content import Recipient, Sender
from tests.contracts.provider import AT, content, recipients, words_of

ANA = recipients("ana@a.example")[0]


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    for name in message:
        for value in message.get_all(name, []):
            assert getattr(value, "defects", ()) == (), name
    return message


def bodies(data: bytes) -> list[str]:
    return [str(part.get_content()).replace("\r\n", "\n") for part in parsed(data).iter_parts()]


def test_a_message_has_all_its_fields_once() -> None:
    message = parsed(to_mime(content=content(), recipient=ANA, at=AT))
    assert dict(message.items()) == {
        "From": "Example Forum <news@forum.example>",
        "To": "ana@a.example",
        "Date": "Wed, 21 Sep 2011 18:00:00 +0000",
        "Subject": "Forum resigns from task force",
        "Reply-To": "press@forum.example",
        "Message-ID": f"<{ANA.message_id}@forum.example>",
        "List-Id": "Press <press.forum.example>",
        "List-Unsubscribe": f"<https://news.forum.example/u/{ANA.unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Feedback-ID": "resigns:press:news:forumexample",
        "MIME-Version": "1.0",
        "Content-Language": "en",
        "Content-Type": message["Content-Type"],
    }
    assert len(message.items()) == 13


def test_the_text_comes_first_and_both_parts_are_utf8_in_quoted_printable() -> None:
    message = parsed(to_mime(content=content(), recipient=ANA, at=AT))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_lines_end_in_crlf_and_are_short_whatever_the_content() -> None:
    long = "wörd=" * 400 + "NLMERGEUNSUBSCRIBE" + "x" * 300 + " \t"
    for subject in ("Ünïted " * 30, "a " * 90):
        open_content = content(text=long + "\n" + long, html=f"<p>{long}</p>", subject=subject)
        data = to_mime(content=open_content, recipient=ANA, at=AT)
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert b"\r" not in data.replace(b"\r\n", b"")
        assert max(len(line) for line in data.split(b"\r\n")) <= 78


def test_a_name_is_encoded_with_the_line_that_it_stands_in() -> None:
    greeting = content(
        html="<p>Dear NLMERGENAME0,</p>\n<p>Text.</p>\n",
        text="Dear NLMERGENAME0, dear NLMERGENAME0,\n\nText.\n",
        fallbacks=("friend",),
    )
    for name, said in (
        ("李小龍" * 10, "李小龍" * 10),
        ("Jörg", "Jörg"),
        ("=?utf-8?q?x?=", "friend"),
    ):
        reader = ANA._replace(names=greeting.fill_names(name))
        data = to_mime(content=greeting, recipient=reader, at=AT)
        assert max(map(len, data.split(b"\r\n"))) <= 78
        assert data.isascii()
        assert [body.rstrip() for body in bodies(data)] == [
            f"Dear {said}, dear {said},\n\nText.",
            f"<p>Dear {said},</p>\n<p>Text.</p>",
        ]


def test_what_was_written_is_what_is_read(subtests: pytest.Subtests) -> None:
    for text in [
        "",
        "\n\n",
        "one line",
        "trailing blank \nand tab\t\nend",
        "a = b, =3D, =\n",
        ".\n..\nFrom here\n",
        "NLMERGEUNSUBSCRIBE",
        "NLMERGEUNSUBSCRIBE\nplain\nplain\nxNLMERGEMESSAGEIDx\n\nNLMERGEUNSUBSCRIBE\n",
        "é🎉\u2028\x0b\x0c" * 60,
        "--=_boundary--\n" * 3,
    ]:
        with subtests.test(text=text):
            data = to_mime(content=content(text=text, html=text), recipient=ANA, at=AT)
            for body in bodies(data):
                assert body.rstrip("\n") == ANA.merge(text).rstrip("\n")


def test_other_line_ends_become_plain_ones() -> None:
    data = to_mime(content=content(text="a\r\nb\rc\n", html="x"), recipient=ANA, at=AT)
    assert bodies(data)[0].rstrip("\n") == "a\nb\nc"


def test_the_closing_line_stands_in_the_message_once_at_its_end() -> None:
    template = mime_template(content())
    data = template.fill(ANA, AT)
    assert data.endswith(template.end)
    assert data.count(template.end) == 1


def test_a_template_filled_for_many_equals_each_message_by_itself() -> None:
    template = mime_template(content())
    for reader in recipients("ana@a.example", "ben@b.example"):
        alone = to_mime(content=content(), recipient=reader, at=AT)
        assert template.fill(reader, AT) == alone


def test_a_subject_survives_folding_and_encoding(subtests: pytest.Subtests) -> None:
    for subject in [
        "Short",
        "word " * 60 + "end",
        "two  blanks   and " * 12 + "more",
        "x" * 300,
        "x" * 100 + " " + "y" * 100,
        "Élan vital — " * 20 + "fin",
        "論壇" * 80,
        "=?utf-8?q?looks_encoded?=",
        "a; b, c; d, " * 15 + "e",
    ]:
        with subtests.test(subject=subject):
            message = parsed(to_mime(content=content(subject=subject), recipient=ANA, at=AT))
            assert message["Subject"] == subject


def test_a_field_in_ascii_is_written_as_it_is() -> None:
    headers = (("X-Archive", "<https://forum.example/?q=?a?b?c?=>"),)
    data = to_mime(content=content(subject="Plain words", headers=headers), recipient=ANA, at=AT)
    assert b"\r\nSubject: Plain words\r\n" in data
    assert b"\r\nX-Archive: <https://forum.example/?q=?a?b?c?=>\r\n" in data


def test_a_senders_name_survives(subtests: pytest.Subtests) -> None:
    for name in [
        "Forum",
        "Forum, Inc.",
        'The "Forum"',
        "Back\\slash",
        "Élan 論壇" * 20,
        "=?x?q?y?=",
        "O'N",
    ]:
        with subtests.test(name=name):
            sender = Sender(name=name, address="news@forum.example")
            data = to_mime(content=content(sender=sender), recipient=ANA, at=AT)
            # the newer parser keeps blanks between encoded words of a name: the older one reads it
            written = str(email.message_from_bytes(data)["From"])
            assert ("=?" in written) is (not name.isascii() or "=?" in name)
            shown, address = parseaddr(written)
            assert (words_of(shown), address) == (name, "news@forum.example")
            message = parsed(data)
            assert message["Reply-To"] is None


def test_a_sender_without_a_name_is_a_bare_address() -> None:
    sender = Sender(name="", address="news@forum.example")
    message = parsed(to_mime(content=content(sender=sender), recipient=ANA, at=AT))
    assert message["From"] == "news@forum.example"


def test_only_the_words_of_a_list_id_are_encoded() -> None:
    headers = (("List-Id", '"Présse" <press.forum.example>'), ("X-Note", "Élan"))
    data = to_mime(content=content(headers=headers), recipient=ANA, at=AT)
    assert b" <press.forum.example>\r\n" in data
    message = parsed(data)
    assert message["List-Id"] == "Présse <press.forum.example>"
    assert message["X-Note"] == "Élan"


def test_international_domains_are_written_for_the_dns() -> None:
    sender = Sender(name="", address="news@bücher.example", reply_to="press@bücher.example")
    reader = ANA._replace(address="ana@bücher.example")
    message = parsed(to_mime(content=content(sender=sender), recipient=reader, at=AT))
    assert message["From"] == "news@xn--bcher-kva.example"
    assert message["Reply-To"] == "press@xn--bcher-kva.example"
    assert message["To"] == "ana@xn--bcher-kva.example"
    assert ascii_domain("ana@straße.example") == "ana@xn--strae-oqa.example", "not another's"


def test_an_international_name_before_the_at_stays_as_it_is() -> None:
    data = to_mime(content=content(), recipient=ANA._replace(address="jörg@a.example"), at=AT)
    assert "To: jörg@a.example\r\n".encode() in data


def test_a_domain_that_no_dns_can_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="can be looked up"):
        ascii_domain("a@" + "ü" * 70 + ".example")


def test_the_date_keeps_its_offset() -> None:
    at = datetime(2011, 9, 21, 14, tzinfo=timezone(timedelta(hours=-4)))
    message = parsed(to_mime(content=content(), recipient=ANA, at=at))
    assert message["Date"].datetime == at


def test_a_field_that_would_stand_twice_is_refused(subtests: pytest.Subtests) -> None:
    for name in ["From", "subject", "Content-Type", "MIME-Version", "Reply-To"]:
        with subtests.test(name=name), pytest.raises(InvalidInput, match="twice"):
            mime_template(content(headers=((name, "x"),)))


def test_a_name_that_no_field_can_have_is_refused(subtests: pytest.Subtests) -> None:
    for name in ["", "Two Words", "Colon:", "Ünicode", "Line\n"]:
        with subtests.test(name=name), pytest.raises(InvalidInput, match="not a name"):
            mime_template(content(headers=((name, "x"),)))


def test_no_control_character_reaches_a_header(subtests: pytest.Subtests) -> None:
    for bad in [chr(code) for code in [*range(32), *range(127, 160), 0x2028]]:
        with subtests.test(bad=bad):
            for changed in (
                content(subject=f"a{bad}b"),
                content(language=f"en{bad}"),
                content(sender=Sender(name=f"a{bad}b", address="news@forum.example")),
                content(
                    sender=Sender(name="", address="n@f.example", reply_to=f"p{bad}@f.example")
                ),
                content(headers=(("X-Note", f"a{bad}NLMERGEMESSAGEID"),)),
            ):
                with pytest.raises(InvalidInput, match="control character"):
                    mime_template(changed)


def test_no_control_character_comes_in_by_a_recipient(subtests: pytest.Subtests) -> None:
    for field in ["address", "unsubscribe", "message_id"]:
        with subtests.test(field=field):
            values: dict[str, Any] = {field: "a@b.example\nBcc: eve@e.example"}
            reader: Recipient = ANA._replace(**values)
            with pytest.raises(InvalidInput, match="control character"):
                to_mime(content=content(), recipient=reader, at=AT)


def test_a_mailbox_on_one_line_says_what_from_says(subtests: pytest.Subtests) -> None:
    for name in [
        "",
        "Forum",
        'Forum, "The" \\ Example',
        "Fórum 論壇",
        "Förum " * 30,
        "word " * 40 + "end",
    ]:
        with subtests.test(name=name):
            said = plain_mailbox(name, "news@bücher.example")
            assert said.isascii()
            assert said.isprintable()
            shown, address = parseaddr(said)
            assert address == "news@xn--bcher-kva.example"
            assert words_of(shown).split() == name.split()


def test_a_field_on_one_line_is_ascii_and_reads_the_same(subtests: pytest.Subtests) -> None:
    for value in ["x", "<a@b>", "word " * 40 + "end", "Förderer <list.example>", "é" * 90]:
        with subtests.test(value=value):
            said = plain_field("X-Note", value)
            assert said.isascii()
            assert said.isprintable()
            assert words_of(said).split() == value.split()


def test_a_control_character_is_refused_on_one_line_too(subtests: pytest.Subtests) -> None:
    for bad in ["a\nb", "a\rb", "\0"]:
        with subtests.test(bad=bad):
            with pytest.raises(InvalidInput):
                plain_field("X-Note", bad)
            with pytest.raises(InvalidInput):
                plain_mailbox(bad, "a@b.example")
