"""A move from another tool: its export is rehearsed, then imported, and re-subscribes no one."""

import hashlib
from pathlib import Path

from tests.acceptance.workspace import ADMIN, Workspace

EXPORTS = Path(__file__).parent / "exports"


def test_whoever_is_suppressed_or_was_forgotten_here_stays_away(bare: Workspace) -> None:
    bare.do("user", "add", ADMIN, "--role", "admin")
    bare.do("subscribers", "suppress", "ana@example.org", "--by", ADMIN)
    bare.do(
        "subscribers", "forget", "--yes", "--block-unknown", "bashir@example.net", "--by", ADMIN
    )
    done = bare.do(
        "subscribers", "import", str(EXPORTS / "buttondown.csv"), "--list", "press", "--json"
    )

    assert done.json() == {
        "import": 1,
        "new": 0,
        "known": 0,
        "changed": 0,
        "joined": 0,
        "lists": {},
        "new_lists": [],
        "ended": 0,
        "suppressed": 3,
        "refused": 2,
        "refused_by_reason": {"manual": 1, "erased": 1},
        "left": 0,
        "skipped": {"never confirmed": 1},
        "sha256": hashlib.sha256((EXPORTS / "buttondown.csv").read_bytes()).hexdigest(),
    }
    rows = [row.split(",") for row in bare.do("subscribers", "export").stdout.splitlines()[1:]]
    assert [row[0].partition("@")[0] for row in rows] == ["ana", "dora", "emil", "fatima"]
    assert not any("".join(row[1:-1]) for row in rows), "nobody was written down"
    said = bare.do("subscribers", "import", str(EXPORTS / "keila.csv"), "--list", "press").stderr
    assert "; skipped, suppressed or erased here earlier: 2" in said
    assert "skipped: 1 erased here earlier, first at keila.csv:3 (bashir@example.net)" in said


PEOPLE = """\
email,name,lists,place,tags,left,suppressed
ana@example.org,'=1+1,press,Austin,vip;board,events,
bashir@example.net,Bashir,events,,,press,
dora@example.net,Dora,supporters,,,,
emil@example.com,Emil,press,,,,complained
gone@example.com,,,,,,bounced
"""


def test_an_export_tells_everything_and_of_one_list(bare: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    bare.do("subscribers", "import", str(path), "--create-list")
    bare.do("subscribers", "forget", "--yes", "dora@example.net")
    done = bare.do("subscribers", "export", "--bom")

    assert "left out: 1 who were erased" in done.stderr
    assert done.stdout.startswith("\ufeffemail,name,lists,")
    assert "ana@example.org,'=1+1,press,,,,,Austin,,,,,board;vip,,events,\n" in done.stdout
    assert "emil@example.com,Emil,press,,,,,,,,,,,,,complained\n" in done.stdout
    assert "gone@example.com,,,,,,,,,,,,,,,bounced\n" in done.stdout

    one = bare.do("subscribers", "export", "--list", "press")
    assert one.stderr == ""
    assert one.stdout.splitlines()[1:] == [
        "ana@example.org,'=1+1,press,,,,,Austin,,,,,board;vip,,,",
        "emil@example.com,Emil,press,,,,,,,,,,,,,complained",
        "bashir@example.net,Bashir,,,,,,,,,,,,,press,",
    ]
    logged = [row for row in bare.do("audit", "show", "--json").json() if row["action"] == "export"]
    assert [row["values"] for row in logged] == [
        {"readers": 3},
        {"readers": 3, "filters": ["list: press"]},
    ]
    refused = bare.do("subscribers", "export", "--list", "prese", code=1).stderr
    assert "there is no list 'prese'; did you mean press? there are: events, press" in refused
