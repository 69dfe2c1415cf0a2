"""Filling gaps from the environment."""

from typing import Any

import pytest

from newsletter.config import environment
from newsletter.config.document import expand
from tests.rows import rows

ENVIRON = {"NAME": "Forum", "BLANK": "", "NESTED": "${NAME}", "_a1": "x"}


@rows(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("${NAME}", "Forum"),
        ("The ${NAME} of ${PLACE:-Washington}", "The Forum of Washington"),
        ("${NAME:-other}", "Forum"),
        ("${BLANK}", ""),
        ("${BLANK:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${UNSET:-a:-b $x}", "a:-b $x"),
        ("${_a1}", "x"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("${NESTED}", "${NAME}"),
        ("$NAME costs $5 {{ x }}", "$NAME costs $5 {{ x }}"),
    ],
)
def test_gaps_are_filled(text: str, expanded: str) -> None:
    assert expand(text, ENVIRON) == expanded


@rows(
    ("text", "says"),
    [
        ("${UNSET}", "UNSET is not set"),
        ("${name}", "name is not set"),
        ("${", "write $${"),
        ("${}", "write $${"),
        ("${A B}", "write $${"),
        ("${1A}", "write $${"),
        ("${NAME-x}", "write $${"),
        ("${UNSET:-x", "write $${"),
    ],
)
def test_a_gap_that_cannot_be_filled_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"set|write") as caught:
        expand(text, ENVIRON)

    assert says in str(caught.value)


def test_all_unset_variables_are_named_once() -> None:
    with pytest.raises(ValueError, match="ONE") as caught:
        expand("${ONE} ${TWO} ${ONE}", {})

    assert str(caught.value).count("ONE is not set") == 1
    assert "TWO is not set" in str(caught.value)


def test_a_value_from_the_environment_cannot_add_keys(read: Any, base: str) -> None:
    text = base.replace("{name: Example Forum", "{name: '${NAME}'")
    value = "x}, database: sqlite:///evil.db # ' \" {"

    settings = read(base=text, environ={"NAME": value})

    assert settings.sender.name == value
    assert settings.database == "sqlite:///var/newsletter.db"


def test_text_from_the_environment_stays_text(read: Any) -> None:
    settings = read("default_lists: ['${LIST}']\n", {"LIST": "012"})

    assert settings.default_lists == ("012",)


@rows(
    ("more", "value"),
    [
        ("approvals: {required: '${V}'}\n", "3"),
        ("approvals: {trust_front_matter: '${V}'}\n", "True"),
        ("provider: {kind: outbox, rate: '${V}'}\n", "12.5"),
        ("provider: {kind: outbox, rate: '${V}'}\n", "12"),
        ("provider: {kind: '${V}'}\n", "outbox"),
    ],
)
def test_numbers_and_switches_can_come_from_the_environment(
    read: Any, more: str, value: str
) -> None:
    assert read(more, {"V": value})


@rows(
    ("more", "value", "key"),
    [
        ("approvals: {required: '${V}'}\n", "three", "approvals.required"),
        ("approvals: {required: '${V}'}\n", "1.5", "approvals.required"),
        ("approvals: {required: '${V}'}\n", "9" * 5000, "approvals.required"),
        ("approvals: {trust_front_matter: '${V}'}\n", "yes", "approvals.trust_front_matter"),
        ("provider: {kind: outbox, rate: '${V}'}\n", "inf", "provider.rate"),
        ("provider: {kind: outbox, rate: '${V}'}\n", "nan", "provider.rate"),
        ("language: '${V}'\n", "\udcff", "language"),
    ],
)
def test_a_bad_value_from_the_environment_is_a_fault_that_does_not_show_it(
    faults: Any, more: str, value: str, key: str
) -> None:
    found = faults(more, {"V": value})

    assert [fault.key for fault in found] == [key]
    assert repr(value) not in found[0].message


def test_an_escaped_gap_is_judged_as_text(faults: Any) -> None:
    assert [fault.key for fault in faults("language: $${en}\n")] == ["language"]


def test_the_environment_is_the_one_of_the_process() -> None:
    assert environment()["PATH"]
