"""Header fields that are the same for all readers."""

from dataclasses import replace

from newsletter.rendering.mail.headers import headers_for, sender_id
from tests.rows import rows
from tests.unit.rendering.examples import HOUSE, ORGANISATION, STATEMENT


def headers(name: str = "Example Forum", address: str = "news@forum.example") -> dict[str, str]:
    house = replace(
        HOUSE,
        organisation=replace(ORGANISATION, name=name),
        sender=replace(HOUSE.sender, address=address),
    )
    fields = headers_for(house, STATEMENT)
    assert len(dict(fields)) == len(fields)
    return dict(fields)


def test_the_fields_are_these_and_no_others() -> None:
    assert headers() == {
        "Message-ID": "<NLMERGEMESSAGEID@forum.example>",
        "List-Id": "Example Forum <press.forum.example>",
        "List-Unsubscribe": "<https://news.forum.example/u/NLMERGEUNSUBSCRIBE>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
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
