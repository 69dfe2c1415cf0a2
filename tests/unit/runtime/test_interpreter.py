"""Versions of Python with known holes are told, with the version that has none."""

import pytest

from newsletter.runtime.diagnosis import holes_in, mended_by


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ((3, 11, 3), {"0450", "0938", "6923", "11168", "24329"}),
        ((3, 11, 9), {"0938", "6923"}),
        ((3, 11, 12), set()),
        ((3, 12, 4), {"0938", "6923"}),
        ((3, 12, 9), set()),
        ((3, 13, 1), {"0938"}),
        ((3, 13, 2), set()),
        ((3, 14, 0), set()),
    ],
)
def test_a_version_has_the_holes_that_were_mended_after_it(
    version: tuple[int, int, int], names: set[str]
) -> None:
    assert {hole.name.rpartition("-")[2] for hole in holes_in(version)} == names


def test_the_version_to_go_to_has_none() -> None:
    assert mended_by((3, 12, 1)) == "3.12.9"
    assert not holes_in((3, 12, 9))
