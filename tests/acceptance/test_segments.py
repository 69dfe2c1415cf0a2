"""Segments and hours by readers' own clocks, by the command line alone."""

from zoneinfo import ZoneInfo

import pytest

from newsletter.runtime.clock import SystemClock
from tests.acceptance.mails import read_mail
from tests.acceptance.workspace import Workspace

NEW_YORK = ZoneInfo("America/New_York")
SPANISH = {"name": "spanish", "list": "press", "language": "es"}
PEOPLE = """\
email,lists,language,timezone
ana@example.org,press,es,America/New_York
bashir@example.org,press,en,Asia/Tokyo
carla@example.org,press,es-MX,Pacific/Honolulu
dora@example.org,press,,
emil@example.org,events,es,
"""


@pytest.fixture
def people(bare: Workspace) -> Workspace:
    """Five readers, an approver, and a segment of them."""
    (bare.folder / "people.csv").write_text(PEOPLE, "utf-8")
    bare.configure(segments=[SPANISH])
    bare.do("subscribers", "import", str(bare.folder / "people.csv"), "--create-list")
    bare.hire()
    return bare


def got(workspace: Workspace) -> list[str]:
    """Return the first names of those who have a mail."""
    return sorted(str(read_mail(path)["To"]).partition("@")[0] for path in workspace.outbox)


def approved(workspace: Workspace, **head: object) -> None:
    workspace.write_and_approve("news", **head)


def test_segments_are_listed_with_how_many_they_pick(people: Workspace) -> None:
    assert people.do("segment", "list", "--json").json() == [
        {
            "name": "spanish",
            "list": "press",
            "rule": "on press; language es",
            "readers": 2,
            "on_list": 4,
        }
    ]
    assert "spanish" in people.do("segment", "list").stdout


def test_without_segments_the_list_says_how_to_begin(people: Workspace) -> None:
    people.configure(segments=[])
    assert "no segment is configured" in people.do("segment", "list").stderr
    assert people.do("segment", "list", "--json").json() == []


def test_a_changed_rule_waits_for_a_new_yes_and_the_diff_shows_it(people: Workspace) -> None:
    approved(people, segment="spanish")
    people.configure(segments=[SPANISH | {"language": "en"}])
    people.do("run", "--until-idle", code=4)
    assert people.outbox == []
    diff = people.do("statement", "diff", "news").stdout
    assert diff.startswith("segment:\n-spanish: on press; language es\n+spanish: on press; langu")
    people.configure(segments=[])
    refused = people.do("statement", "check", "news", code=3)
    assert "'spanish' is not a segment of newsletter.yaml" in refused.stderr
    people.configure(segments=[SPANISH])
    people.do("run", "--until-idle")
    assert got(people) == ["ana", "carla"]


def test_each_gets_it_by_their_own_clock_and_the_run_ends_with_the_rest_to_come(
    people: Workspace,
) -> None:
    now = SystemClock().now().astimezone(NEW_YORK)
    in_honolulu = now.replace(second=0, microsecond=0, tzinfo=ZoneInfo("Pacific/Honolulu"))
    approved(people, send_at=f"{now:%Y-%m-%d %H:%M} local")
    hours = people.do("send", "news", "--dry-run", "--json").json()["hours"]
    assert [one["readers"] for one in hours] == [3, 1]
    assert (
        "by their own clocks, in America/New_York" in people.do("send", "news", "--dry-run").stdout
    )

    done = people.do("run", "--until-idle")

    assert got(people) == ["ana", "bashir", "dora"]
    local = in_honolulu.astimezone(NEW_YORK)
    waits = f"1 reader waits for an hour of their own clocks: the next at {local:%Y-%m-%d %H:%M}"
    assert f"news: {waits} (America/New_York); nothing is lost" in done.stderr
    assert waits in people.do("report", "news").stdout
    assert waits in people.do("campaign", "list").stderr
    report = people.report("news")
    assert (report["state"], report["accepted"], report["pending"]) == ("sending", 3, 1)
    assert report["later"]["readers"] == 1
    people.do("run", "--until-idle")
    assert len(people.outbox) == 3
    people.do("pause", "news")
    people.do("resume", "news")
    people.do("cancel", "news")
    assert people.report("news")["later"] is None
    assert people.report("news")["cancelled"] == 1


def test_an_hour_for_each_is_refused_where_one_for_all_is_set(people: Workspace) -> None:
    people.write("news")
    refused = people.do("statement", "schedule", "news", "--at", "09:00 local", code=3)
    assert "--at: Readers' own clocks are set in the text. Give one time" in refused.stderr
