"""The table of one rule: each row is run, and each that fails is named."""

from pathlib import Path

import pytest

from tests.rows import rows


def test_each_row_is_run_and_each_that_fails_is_named() -> None:
    seen = []

    @rows(("number", "word"), [(1, "one"), (2, "two"), (3, "three")])
    def rule(number: int, word: str) -> None:
        seen.append(word)
        assert number == 2
        raise KeyError(word)

    with pytest.raises(BaseExceptionGroup, match="3 of 3 rows fail") as caught:
        rule()

    assert seen == ["one", "two", "three"]
    notes = [note for error in caught.value.exceptions for note in error.__notes__]
    assert notes == ["row 1 of 3: (1, 'one')", "row 2 of 3: (2, 'two')", "row 3 of 3: (3, 'three')"]


def test_a_refusal_that_did_not_come_fails_its_row() -> None:
    @rows("text", ["1", "x"])
    def rule(text: str) -> None:
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows fail"):
        rule()


def test_a_table_without_rows_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="holds nothing"):
        rows("text", [])


@rows("first", ["a", "b"])
@rows(("second", "third"), [(1, 2), (3, 4)])
def test_tables_multiply_and_each_row_has_a_folder_of_its_own(
    first: str, second: int, third: int, tmp_path: Path
) -> None:
    assert (first, third) in {(letter, second + 1) for letter in "ab"}
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text(first)
