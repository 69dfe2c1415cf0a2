"""By the name of a try it can be told whose it was."""

import pytest

from newsletter.domain.delivery.batch import Origin, attempt_name, origin, unique_part
from newsletter.runtime.keys import workspace_name

UNIQUE = "0123456789ab" * 2
OURS, OTHERS = workspace_name(b"k" * 32), workspace_name(b"l" * 32)


def test_a_name_says_whose_it_is_and_what_no_other_has() -> None:
    name = attempt_name(OURS, UNIQUE)
    assert name.isalnum()
    assert unique_part(name) == UNIQUE
    assert origin(name, OURS) is Origin.OURS
    assert origin(name, OTHERS) is Origin.ANOTHER


@pytest.mark.parametrize(
    "name", ["", UNIQUE, "a1", UNIQUE + OURS.upper(), attempt_name(OURS, UNIQUE) + "0", "ü" * 36]
)
def test_what_is_no_such_name_says_nothing(name: str) -> None:
    assert origin(name, OURS) is Origin.UNSAID
