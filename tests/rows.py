"""One rule over a table of literals: a single test, which names every row that fails.

``pytest.mark.parametrize`` makes a case of each row, with its own set-up and its own line in
each report. That is right where the rows differ in kind; for one rule with many literals this is
shorter for the reader and cheaper to run.
"""

import functools
import inspect
import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

FAILURES = (Exception, pytest.fail.Exception)
"""The ways a row may fail: ``pytest.raises`` that saw nothing raised is no ``Exception``."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def rows(
    names: str | Sequence[str], table: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run the test once for each row; a test that wants ``tmp_path`` gets one for each row."""
    whole = list(table)
    assert whole, "a table without rows holds nothing"

    def over(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def together(*self: Any, **fixtures: Any) -> None:
            failed = []
            for number, row in enumerate(whole):
                try:
                    test(*self, **_apart(fixtures, number), **_named(names, row))
                except FAILURES as error:
                    error.add_note(f"row {number + 1} of {len(whole)}: {_SHORT.repr(row)}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(whole)} rows fail", failed)

        ours = {names} if isinstance(names, str) else set(names)
        asked = inspect.signature(test).parameters.values()
        left = [one for one in asked if one.name not in ours]
        together.__signature__ = inspect.Signature(left)  # type: ignore[attr-defined]
        return together

    return over


def _named(names: str | Sequence[str], row: Any) -> dict[str, Any]:
    return {names: row} if isinstance(names, str) else dict(zip(names, row, strict=True))


def _apart(fixtures: dict[str, Any], number: int) -> dict[str, Any]:
    if "tmp_path" not in fixtures:
        return fixtures
    folder = fixtures["tmp_path"] / f"row{number + 1}"
    folder.mkdir()
    return fixtures | {"tmp_path": folder}
