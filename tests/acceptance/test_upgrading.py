"""A workspace of an older version is brought along, and goes on where it stopped."""

import sqlite3
from contextlib import closing

from tests.acceptance.workspace import ADMIN, EDITOR, ROOT, Workspace

OLD = ROOT / "tests" / "unit" / "store" / "schema" / "version_0012.sql"
KEYS = {"addresses": "a1" * 32, "links": "b2" * 32}
"""Under which that database was made."""


def test_a_campaign_of_an_older_version_goes_on_after_migrating(bare: Workspace) -> None:
    keys = bare.folder / "var" / "keys"
    keys.mkdir(parents=True, mode=0o700)
    for name, key in KEYS.items():
        (keys / name).write_text(f"{key}\n", "ascii")
        (keys / name).chmod(0o600)
    with closing(sqlite3.connect(bare.database)) as connection:
        connection.executescript(OLD.read_text("utf-8"))
    before = bare.do("campaign", "list", code=1).stderr
    assert "version 0012" in before
    assert "newsletter db migrate" in before

    assert "from 0012 to " in bare.do("db", "migrate").stderr
    bare.do("db", "release", "--by", ADMIN)  # the file is another one than the one that last sent
    bare.do("resume", "library", "--by", ADMIN)
    bare.do("run", "--until-idle")

    report = bare.report("library")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", 13, 0)
    went_before, suppressed = {0, 1, 2, 3, 4}, {5}
    rest = sorted({*range(14)} - went_before - suppressed)
    expected = sorted(f"reader{number}@example.org" for number in rest)
    assert sorted(line["to"] for line in bare.journal) == expected
    assert report["approved_by"] == [EDITOR]
    assert "ok    approvals: 1 are what was stored" in bare.do("doctor").stdout
    bare.do("audit", "verify")
