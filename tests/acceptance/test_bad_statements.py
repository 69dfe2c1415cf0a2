"""Statement files that cannot be used, and the exact words in which we say so."""

from pathlib import Path

from newsletter.domain.subscribers.segment import Segment
from newsletter.sources.folder import FolderSource
from newsletter.sources.statements import Defaults
from tests.marks import unsaid
from tests.rows import rows

CASES = Path(__file__).parent / "bad_statements"
SEGMENT = Segment(name="texas", list="press", timezone="UTC", place=("Austin",))
GOOD = b"---\ntitle: The other one\n---\nStill read.\n"


@rows("case", sorted(CASES.glob("*.md")))
def test_a_bad_statement_is_named_by_line_and_hides_no_other(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "statements"
    folder.mkdir()
    (folder / case.name).write_bytes(case.read_bytes())
    (folder / "zz-the-other.md").write_bytes(GOOD.replace(b"title:", b"lists: [press]\ntitle:"))
    source = FolderSource(
        folder=Path("statements"),
        workspace=tmp_path,
        defaults=Defaults(
            lists=() if case.stem.startswith("without-default-lists") else ("press",),
            language="en",
            timezone="America/New_York",
            segments=(SEGMENT,),
        ),
    )

    reading = source.read()

    said = "".join(f"{fault}\n" for fault in reading.faults)
    assert said == case.with_suffix(".txt").read_text(encoding="utf-8")
    assert [statement.slug for statement in reading.statements] == ["zz-the-other"]
    assert reading.complete
    assert [unsaid(fault.message) for fault in reading.faults if unsaid(fault.message)] == []


def test_each_bad_statement_has_its_message_beside_it() -> None:
    statements = {path.stem for path in CASES.glob("*.md")}
    assert statements == {path.stem for path in CASES.glob("*.txt")}
    assert len(statements) >= 30
