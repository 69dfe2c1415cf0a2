"""Errors that can be shown to a person as they are."""

import pytest

from newsletter.domain import errors
from newsletter.domain.errors import Fault, InvalidConfiguration, InvalidInput, NewsletterError
from tests.rows import rows


@rows(
    ("fault", "text"),
    [
        (Fault(file="a.md", message="is empty"), "a.md: is empty"),
        (Fault(file="a.md", line=3, message="is empty"), "a.md:3: is empty"),
        (Fault(file="a.md", line=3, column=9, message="is empty"), "a.md:3:9: is empty"),
        (Fault(file="a.md", column=9, message="is empty"), "a.md: is empty"),
        (Fault(file="a.md", key="title", message="is empty"), "a.md title: is empty"),
        (
            Fault(file="n.yaml", line=3, column=9, key="sender.name", message="is empty"),
            "n.yaml:3:9 sender.name: is empty",
        ),
    ],
)
def test_a_fault_says_where_and_what(fault: Fault, text: str) -> None:
    assert str(fault) == text


def test_invalid_input_names_every_fault_a_line_each() -> None:
    faults = [Fault(file="a.md", message="one"), Fault(file="b.md", message="two")]
    error = InvalidInput(iter(faults))
    assert error.faults == tuple(faults)
    assert str(error) == "a.md: one\nb.md: two"


def test_a_broken_configuration_is_caught_as_invalid_input() -> None:
    with pytest.raises(InvalidInput):
        raise InvalidConfiguration([Fault(file="newsletter.yaml", message="one")])


def test_all_our_errors_have_one_root() -> None:
    found = (value for value in vars(errors).values() if isinstance(value, type))
    for error in found:
        assert not issubclass(error, Exception) or issubclass(error, NewsletterError)
