"""A report as a file for spreadsheets: the figures of the page, and no address."""

import csv
import io

import pytest

from newsletter.domain.events import Bounce, EventKind
from tests.desk import words
from tests.pages import Answer, kept_after
from tests.rows import rows
from tests.unit.web.desk.campaigns.test_campaign import told
from tests.unit.web.desk.deciding import CANARIES, SLUG, Room, room

kept = kept_after(room, Room.approve, Room.start, Room.begin, Room.hand_over)
"""Twelve readers, who all have it."""


def asked(at: Room, who: str = "vera") -> Answer:
    return at.as_(who).get(f"/campaigns/{at.campaign.id}/report.csv")


def rows_of(answer: Answer) -> dict[str, str]:
    assert answer.status == 200
    head, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")))
    assert head == ["What", "Value"]
    assert len({name for name, _ in rows}) == len(rows)
    return dict(rows)  # type: ignore[arg-type]


def test_it_is_a_file_to_keep_with_letters_that_spreadsheets_read(at: Room) -> None:
    answer = asked(at)
    assert (
        answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{SLUG}-report.csv"
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"\xef\xbb\xbfWhat,Value\r\n")


def test_a_sender_mails_it_and_sees_which_address_is_wrong(at: Room) -> None:
    cleo, here = at.as_("cleo"), f"/campaigns/{at.campaign.id}"
    form = f'action="/desk{here}/mail"'
    assert form in cleo.get(here).text
    assert form not in at.as_("vera").get(here).text
    wrong = cleo.post(f"{here}/mail", {"to": "chair"})
    assert wrong.status == 409
    assert "'chair' is not an address like name@example.org." in words(wrong)
    assert 'value="chair"' in wrong.text
    nobody = words(cleo.post(f"{here}/mail", {"to": " ; "}))
    assert "Write an address like name@example.org" in nobody
    assert "is not an address" not in nobody
    done = cleo.post(
        f"{here}/mail", {"to": "chair@board.example"}, headers={"Accept-Language": "de"}
    )
    assert done.headers["location"] == f"/desk{here}?done=report-mailed"
    with at.services.store.read() as tx:
        [address, language] = tx.db.rows("SELECT address, language FROM transactional_email")[-1]
    assert (address, language) == ("chair@board.example", "de")


def test_its_figures_come_to_the_audience_in_sum(at: Room) -> None:
    found = rows_of(asked(at))
    six = ("Waiting", "Accepted by the provider", "Rejected by the provider")
    six += ("Left before their turn", "Canceled", "Unknown")
    assert sum(int(found[name]) for name in six) == int(found["People in all"]) == 12
    assert found["Approved by"] == "Ben"
    assert found["State"] == "sent"
    assert found["Started"] == "2026-11-24 07:06:00-05:00"
    assert found["Content hash"] == at.content_hash


def test_it_is_in_the_language_of_its_reader(at: Room) -> None:
    path, german = f"/campaigns/{at.campaign.id}/report.csv", {"Accept-Language": "de"}
    lines = at.as_("vera").get(path, headers=german).body.decode("utf-8-sig").splitlines()
    assert lines[0] == "Was,Wert"
    assert {"Freigegeben von,Ben", "Zustand,versendet", "Personen insgesamt,12"} <= {*lines}


def test_what_nobody_told_is_no_nought(at: Room) -> None:
    found = rows_of(asked(at))
    assert [found[one] for one in ("Delivered", "Bounced", "Reported as spam")] == ["not known"] * 3
    told(at, EventKind.BOUNCED, 1, bounce=Bounce.HARD, reason="550 no")
    found = rows_of(asked(at))
    assert (found["Delivered"], found["Bounced"], found["Bounced: no such mailbox"]) == (
        "0",
        "1",
        "1",
    )


@rows("who", ["vera", "ana", "ben", "cleo", "dan"])
def test_no_reader_is_in_it_whoever_asks(at: Room, who: str) -> None:
    for number in (1, 2):
        told(at, EventKind.BOUNCED, number, bounce=Bounce.HARD, reason=f"550 {CANARIES[0]} gone")
    assert "canary" not in asked(at, who).text


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1"])
def test_a_cell_is_never_a_formula(at: Room, title: str) -> None:
    at.write("The library opens at ten.", title=title)
    assert rows_of(asked(at))["Statement"] == f"'{title}"


def test_there_is_none_of_what_is_no_campaign(at: Room) -> None:
    for number in ("99", "x", "-1"):
        assert at.as_("vera").get(f"/campaigns/{number}/report.csv").status == 404
