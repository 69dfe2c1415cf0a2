"""Files of subscribers that cannot be used, and the exact words in which we say so."""

from pathlib import Path

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscribers import read_people
from tests.rows import rows

CASES = Path(__file__).parent / "bad_subscribers"
FILES = sorted(path for path in CASES.iterdir() if path.suffix in {".yaml", ".csv"})


@rows("case", FILES)
def test_a_bad_file_of_subscribers_is_refused_naming_each_line(case: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_people(case, Instructions())

    said = "".join(f"{fault}\n" for fault in refusal.value.faults)
    expected = case.with_suffix(".txt").read_text(encoding="utf-8")
    assert said.replace(f"{case.parent}/", "") == expected


def test_each_bad_file_of_subscribers_has_its_message_beside_it() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in CASES.glob("*.txt")}
    assert len({path.stem for path in FILES}) == len(FILES) >= 25
