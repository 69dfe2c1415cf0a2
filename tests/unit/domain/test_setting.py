"""The rules for what people write are kept by the values themselves, and say what to write."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from newsletter.domain.campaigns.digest import Digest
from newsletter.domain.setting import Line, PictureUrl, Rule, SecureUrl, Website
from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.content import Layout, LinkParameters
from newsletter.domain.subscribers.address import Address
from newsletter.domain.subscribers.segment import SegmentRule, check_segment_rule
from newsletter.domain.subscribers.signup import SignUpSettings
from tests.rows import rows

Segment = Annotated[SegmentRule, Rule(check_segment_rule)]
WEEKLY = {
    "name": "weekly",
    "title": "The week, {date}",
    "every": "week",
    "day": "friday",
    "at": "16:00",
    "lists": ["supporters"],
}
DONORS = {"name": "donors", "list": "press", "tags": ["donor"]}
NEW_YEAR = "2026-01-01"


def test_an_answer_is_described_as_the_value_that_was_read() -> None:
    written = TypeAdapter(Address).json_schema(mode="serialization")
    assert written["type"] == "string"


@rows(
    ("kind", "value", "told"),
    [
        (Line, " ", "is blank"),
        (Line, "a\nb", "a line break (U+000A)"),
        (Website, "https://forum.example:port", "is not a web address; "),
        (Website, "https://forum example", "which no web address may"),
        (Website, "ftp://forum.example", "write it like https://forum.example"),
        (Website, "https://me@forum.example", "holds a user name"),
        (SecureUrl, "http://forum.example", "is not encrypted"),
        (PictureUrl, "http://forum.example/a.png", "mail programs show no such picture"),
        (PictureUrl, "https://forum.example/a.svg", "save it as PNG or JPEG"),
        (Address, "news", "is not an address like name@example.org"),
        (Address, "n..ews@forum.example", "write only the address, like news@forum.example"),
        (Layout, {"release_line": False, "release_lists": ["press"]}, "release_line: true"),
        (LinkParameters, {"hosts": ["https://forum.example"]}, "is no host"),
        (Brand, {"color": None}, "YAML takes # for a comment"),
        (Digest, WEEKLY | {"title": "The {week}"}, "only {date} may stand there"),
        (Digest, WEEKLY | {"at": "16"}, "is not a time of day"),
        (Digest, WEEKLY | {"at": "03:30"}, "a clock change may skip or repeat"),
        (Digest, WEEKLY | {"day": None}, "has no value; write a weekday like friday"),
        (Digest, WEEKLY | {"day": 31}, "31 is no day"),
        (Digest, WEEKLY | {"day": "last"}, "is no day of the week"),
        (Digest, WEEKLY | {"every": "month"}, "is no day of the month"),
        (Segment, {"name": "all", "list": "press"}, "picks everybody on press"),
        (Segment, DONORS | {"joined_since": NEW_YEAR, "joined_before": NEW_YEAR}, "picks no one"),
        (Segment, DONORS | {"without_tags": ["donor"]}, "asks for readers with and without donor"),
        (SignUpSettings, {"consent": "I join {list}"}, "only {lists} and {organisation}"),
        (SignUpSettings, {"refuse_domains": ["@"]}, "is no domain"),
    ],
)
def test_what_is_written_wrong_is_told(kind: Any, value: object, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert told in str(caught.value)


@rows(
    ("kind", "value", "read"),
    [
        (Line, " a ", "a"),
        (SecureUrl, "https://forum.example", "https://forum.example"),
        (PictureUrl, "https://forum.example/a.png", "https://forum.example/a.png"),
        (Address, "news@forum.example", "news@forum.example"),
        (SignUpSettings, {"consent": "Yes: {lists}"}, SignUpSettings(consent="Yes: {lists}")),
        (Segment, DONORS, SegmentRule(name="donors", list="press", tags=("donor",))),
    ],
)
def test_what_is_written_right_is_read(kind: Any, value: object, read: object) -> None:
    assert TypeAdapter(kind).validate_python(value) == read
