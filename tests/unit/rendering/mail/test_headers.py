"""Header fields that are the same for all readers."""

from dataclasses import replace

from newsletter.domain.statements.content import Sender
from newsletter.rendering.mail.headers import campaign_headers, sender_id, unsubscribe_token
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE, ORGANISATION, STATEMENT, render_letter, renderer


def headers(name: str = "Example Forum", address: str = "news@forum.example") -> dict[str, str]:
    publisher = replace(
        HOUSE,
        organisation=replace(ORGANISATION, name=name),
        sender=replace(HOUSE.sender, address=address),
    )
    fields = campaign_headers(publisher, STATEMENT)
    assert len(dict(fields)) == len(fields)
    return dict(fields)


def test_the_fields_are_these_and_no_others() -> None:
    assert headers() == {
        "Message-ID": "<NLMERGEMESSAGEID@forum.example>",
        "List-Id": "Example Forum <press.forum.example>",
        "List-Unsubscribe": "<https://news.forum.example/u/NLMERGEUNSUBSCRIBE>",
        "List-Help": "<mailto:press@forum.example>",
        "List-Archive": "<https://news.forum.example/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
        "Feedback-ID": f"example-forum-resigns:press:newsletter:{sender_id('forum.example')}",
    }


@rows(
    ("name", "shown"),
    [
        ("Forum", "Forum "),
        ("Smith, Doe & Co.", '"Smith, Doe & Co." '),
        ('The "Forum" \\ DC', '"The \\"Forum\\" \\\\ DC" '),
        ("Fórum", ""),
        ("Forum\nBcc: a@example.org", ""),
        ("", ""),
    ],
)
def test_the_list_name_is_quoted_where_needed_and_left_out_beyond_ascii(
    name: str, shown: str
) -> None:
    assert headers(name)["List-Id"] == f"{shown}<press.forum.example>"


@rows(
    ("inbox", "written"),
    [
        ("leave@forum.example", "leave@forum.example"),
        ("a+b%c&d@fórum.example", "a+b%25c%26d@xn--frum-qqa.example"),
    ],
)
def test_an_inbox_for_leaving_stands_behind_the_link(inbox: str, written: str) -> None:
    fields = dict(campaign_headers(replace(HOUSE, unsubscribe_inbox=inbox), STATEMENT))
    assert fields["List-Unsubscribe"] == (
        "<https://news.forum.example/u/NLMERGEUNSUBSCRIBE>,"
        f" <mailto:{written}?subject=unsubscribe.NLMERGEUNSUBSCRIBE>"
    )
    assert fields["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@rows(
    ("subject", "word"),
    [
        ("unsubscribe.aB1_-x", "aB1_-x"),
        ("Re: unsubscribe.aB1_-x (via iPhone)", "aB1_-x"),
        ("=?utf-8?q?unsubscribe=2EaB1=5F-x?=", "aB1_-x"),
        ("unsubscribe", ""),
        ("unsubscribe.", ""),
        ("Unsubscribe me.aB1", ""),
        (f"unsubscribe.{'x' * 201}", ""),
    ],
)
def test_an_email_to_it_says_by_its_subject_whose_it_is(subject: str, word: str) -> None:
    email = f"From: ana@example.org\r\nSubject: {subject}\r\n\r\nunsubscribe.other\r\n"
    assert unsubscribe_token(email.encode()) == word


@rows("email", [b"", b"\xff\x00", b"Subject:\r\n", b"\r\nunsubscribe.aB1", b"Subject" * 9999])
def test_what_is_no_such_email_has_no_word(email: bytes) -> None:
    assert unsubscribe_token(email) == ""


def test_the_first_list_that_a_statement_names_decides_who_writes() -> None:
    other = Sender(name="Press Office", address="press@other.example", reply_to="ask@other.example")
    publisher = replace(HOUSE, senders=(("events", other),))
    for lists, sender, domain in (
        (("events", "press"), other, "other.example"),
        (("press", "events"), HOUSE.sender, "forum.example"),
    ):
        content = renderer(publisher).render(replace(STATEMENT, lists=lists))
        assert content.sender == sender
        fields = dict(content.headers)
        assert fields["List-Id"] == f"Example Forum <{lists[0]}.{domain}>"
        assert fields["Message-ID"] == f"<NLMERGEMESSAGEID@{domain}>"
        assert fields["Feedback-ID"].endswith(f":{sender_id(domain)}")
    answered = replace(STATEMENT, lists=("events",), reply_to="desk@forum.example")
    said = renderer(publisher).render(answered).sender
    assert said == replace(other, reply_to="desk@forum.example")


def test_what_readers_ask_for_comes_from_the_sender_and_not_from_a_lists() -> None:
    other = Sender(name="Press Office", address="press@other.example")
    publisher = replace(HOUSE, senders=(("press", other), ("events", other)))
    assert render_letter(publisher=publisher).sender == HOUSE.sender


def test_the_feedback_id_has_four_parts_and_a_sender_of_fitting_length() -> None:
    parts = headers()["Feedback-ID"].split(":")
    assert len(parts) == 4
    assert 5 <= len(parts[3]) <= 15


def test_the_sender_id_belongs_to_the_domain() -> None:
    assert headers(address="a@forum.example")["Feedback-ID"] == headers()["Feedback-ID"]
    assert headers(address="a@other.example")["Feedback-ID"] != headers()["Feedback-ID"]


def test_an_international_domain_is_written_in_ascii() -> None:
    fields = headers(address="news@fórum.example")
    assert all(value.isascii() for value in fields.values())
    assert fields["Message-ID"] == "<NLMERGEMESSAGEID@xn--frum-qqa.example>"
