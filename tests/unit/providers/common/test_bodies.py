"""The shared building of bodies."""

import json
import re
from dataclasses import replace

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.providers.common.bodies import (
    ADDRESS_MARK,
    METADATA_MARKS,
    addresses,
    cached_by_content,
    check_content,
    check_values,
    compile_template,
    fault,
    fill_for_each,
    format_mailbox,
)
from tests.contracts.provider import batch, content, recipients


def test_content_is_encoded_once_for_many_batches() -> None:
    said: list[str] = []
    encode = cached_by_content(lambda each: said.append(each.subject))
    for changes in ({}, {}, {"subject": "Another"}, {}):
        encode(batch(**changes).content)
    assert said == ["Forum resigns from task force", "Another"]


def test_gaps_are_filled_in_any_order_and_more_than_once() -> None:
    gaps = compile_template([f"{ADDRESS_MARK} NLMERGEMESSAGEID, NLMERGEUNSUBSCRIBE{ADDRESS_MARK}"])
    assert gaps.fill("u", "m", "c", "t", "1", "a") == b'["a m, ua"]'
    assert gaps.fill("NLMERGEMESSAGEID", "m", "c", "t", "1", "a") == b'["a m, NLMERGEMESSAGEIDa"]'


def test_a_template_without_gaps_stays_as_it_is() -> None:
    assert compile_template({"é": "{}"}).fill("u", "m") == '{"é":"{}"}'.encode()


def test_text_that_json_escapes_reaches_each_reader_as_it_was() -> None:
    text = 'A "quote", a \\ backslash,\ta tab,\nUNICODE \u2028 and NLMERGEUNSUBSCRIBE\\n'
    said = compile_template({"to": ADDRESS_MARK, "about": METADATA_MARKS, "text": text})
    sent = batch("jörg@example.org", "eva@bücher.example")
    assert [json.loads(each) for each in fill_for_each(said, sent, limit=2, label="It")] == [
        {
            "to": address,
            "about": {
                "campaign": "resigns",
                "attempt": "attempt1",
                "subscriber": str(reader.subscriber_id),
            },
            "text": reader.merge(text),
        }
        for address, reader in zip(
            ("jörg@example.org", "eva@xn--bcher-kva.example"), sent.recipients, strict=True
        )
    ]


def test_a_name_is_quoted_before_its_address(subtests: pytest.Subtests) -> None:
    for name, address, line in [
        ("", "n@forum.example", "n@forum.example"),
        ("Forum", "n@bücher.example", '"Forum" <n@xn--bcher-kva.example>'),
        ('A, "b" \\ c', "n@forum.example", '"A, \\"b\\" \\\\ c" <n@forum.example>'),
    ]:
        with subtests.test(name=name, address=address, line=line):
            assert format_mailbox(name, address) == line


def test_addresses_come_in_order_with_domains_of_the_dns() -> None:
    found = addresses(recipients("jörg@example.org", "eva@bücher.example"), limit=2, label="It")
    assert found == ["jörg@example.org", "eva@xn--bcher-kva.example"]


def test_an_address_that_would_have_to_be_escaped_is_refused(subtests: pytest.Subtests) -> None:
    for bad in ["", "a b@x.example", 'a"b@x', "a,b@x", "a\\b@x", "<a@x>", "a\n@x"]:
        with (
            subtests.test(bad=bad),
            pytest.raises(InvalidInput, match="an address is empty or holds a character none may"),
        ):
            addresses(recipients("fine@x.example", bad), limit=9, label="It")


def test_one_address_written_in_two_ways_is_refused_as_twice(subtests: pytest.Subtests) -> None:
    for pair in [("a@x.example", "a@x.example"), ("a@bücher.example", "a@xn--bcher-kva.example")]:
        with (
            subtests.test(pair=pair),
            pytest.raises(InvalidInput, match="an address appears in the batch twice"),
        ):
            addresses(recipients(*pair), limit=9, label="It")


def test_nobody_and_too_many_are_refused(subtests: pytest.Subtests) -> None:
    for count, most, why in [
        (0, 2, "0 recipients; It takes 1 to 2"),
        (3, 2, "3 recipients; It takes 1 to 2"),
        (2, 1, "2 recipients; one call takes one"),
    ]:
        with subtests.test(count=count, most=most, why=why), pytest.raises(InvalidInput, match=why):
            addresses(
                recipients(*(f"r{n}@x.example" for n in range(count))), limit=most, label="It"
            )


def test_a_value_that_would_have_to_be_escaped_is_refused(subtests: pytest.Subtests) -> None:
    for value in ['a"b', "a\\", "a\n", "ü", "a b", "a/b", "{{x}}", "%a%", "<%a%>"]:
        with subtests.test(value=value):
            (reader,) = recipients("a@x.example")
            check_values((reader,), "resigns", "attempt1")
            for readers, name in (
                ((reader._replace(unsubscribe=value),), ""),
                ((reader._replace(message_id=value),), ""),
                ((reader,), value),
            ):
                with pytest.raises(InvalidInput, match="plain letters"):
                    check_values(readers, name)


def test_every_fault_is_named_with_its_field() -> None:
    headers = (("X-A", "{{x}}"), ("x-a", "a\nb"), ("X B", "é"), ("To", f"\u2028{ADDRESS_MARK}"))
    said = content(subject="a\tb", html="NLMERGESUBSCRIBER {{")
    with pytest.raises(InvalidInput) as caught:
        check_content(
            replace(said, headers=headers),
            "It",
            marks=re.compile(r"\{\{"),
            name_pattern=re.compile(r"[A-Za-z-]+"),
            forbidden={"to"},
            ascii_only=True,
            faults=[fault("html", "is too long")],
        )
    assert [(each.key, each.message.split()[0]) for each in caught.value.faults] == [
        ("X B", "is"),
        *((key, "holds") for key in ("subject", "x-a", "To", "X-A", "To", "html")),
        *((key, "cannot") for key in ("x-a", "To")),
        *((key, "is") for key in ("X B", "To", "html")),
    ]


def test_what_no_message_can_have_is_refused_for_all() -> None:
    check_content(content(), "It")
    headers = (("X-Plain", "é"), ("From", "somebody"))
    with pytest.raises(InvalidInput, match="From"):
        check_content(replace(content(), headers=headers), "It")
