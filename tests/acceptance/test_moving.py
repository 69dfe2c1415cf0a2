"""Moving here from another tool: its export is tried, then taken, and nobody comes back by it."""

import zipfile
from pathlib import Path

from tests.acceptance.workspace import ADMIN, Workspace

EXPORTS = Path(__file__).parent / "exports"


def test_a_rehearsal_tells_everything_and_changes_nothing(bare: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "audience.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((EXPORTS / "mailchimp").iterdir()):
            archive.write(file, file.name)
    command = ("subscribers", "import", str(path), "--list", "press")
    tried = bare.do(*command, "--dry-run").stderr

    assert "2 new, 0 known, 3 newly suppressed; nothing was changed" in tried
    assert "skipped: 2 never confirmed, first at nonsubscribed" in tried
    assert bare.do("subscribers", "export").stdout.count("\n") == 1
    assert bare.do(*command).stderr == tried.replace("; nothing was changed", "")
    assert "ana@example.org,Ana Ruiz,press" in bare.do("subscribers", "export").stdout
    shown = bare.do("subscribers", "show", "emil@example.org", "--json").json()
    assert shown["suppressed"] == "complained"


def test_whoever_is_suppressed_or_was_forgotten_here_stays_away(bare: Workspace) -> None:
    bare.do("user", "add", ADMIN, "--role", "admin")
    bare.do("subscribers", "suppress", "ana@example.org", "--by", ADMIN)
    bare.do("subscribers", "forget", "bashir@example.net", "--by", ADMIN)
    done = bare.do(
        "subscribers", "import", str(EXPORTS / "buttondown.csv"), "--list", "press", "--json"
    )

    assert done.json() == {
        "new": 0,
        "known": 0,
        "suppressed": 3,
        "refused": 2,
        "left": 0,
        "skipped": {"never confirmed": 1},
    }
    assert bare.do("subscribers", "export").stdout.count("\n") == 1, "nobody was written down"
    said = bare.do("subscribers", "import", str(EXPORTS / "keila.csv"), "--list", "press").stderr
    assert "; suppressed here and not taken: 2" in said


def test_whoever_left_a_list_here_stays_away_from_it(bare: Workspace) -> None:
    bare.subscribe(["ana@example.org", "bashir@example.net"])
    bare.sql("UPDATE subscription SET state = 'ended' WHERE subscriber_id = 1")
    ghost = str(EXPORTS / "ghost.csv")
    done = bare.do("subscribers", "import", ghost, "--list", "press", "--list", "events").stderr

    assert "0 new, 2 known" in done
    assert "; left a list here and stay away from it: 1" in done
    people = bare.do("subscribers", "export").stdout.splitlines()
    assert [row.split(",")[2] for row in people[1:]] == ["events", "events;press"]


def test_an_export_with_a_bad_line_is_refused_whole(bare: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    good = (EXPORTS / "ghost.csv").read_text("utf-8")
    path.write_text(good + "65f0a5,eve@example.org,Eve,,maybe,false,,,,,\n", "utf-8")
    refused = bare.do("subscribers", "import", str(path), "--list", "press", code=3).stderr

    assert "members.csv:7 subscribed_to_emails: 'maybe' is none of true, false" in refused
    assert bare.do("subscribers", "export").stdout.count("\n") == 1
