"""The guard recognises the database that last sent."""

import re
from dataclasses import replace

from newsletter.domain.delivery.restore_guard import (
    Absence,
    GuardCheck,
    GuardRecord,
    Location,
    Mark,
    sending_stop,
)
from tests.fakes import NOON
from tests.rows import rows

FIRST, SECOND, THIRD = "a" * 32, "b" * 32, "c" * 32
NEW = Mark()


def record(claims: int, epoch: str = FIRST, before: str = FIRST, file: int = 7) -> GuardRecord:
    return GuardRecord(
        mark=Mark(generation=epoch, claims=claims), before=before, location=Location(file=file)
    )


def books(
    claims: int, seen: GuardRecord | Absence, epoch: str = FIRST, file: int = 7
) -> GuardCheck:
    return GuardCheck(
        mark=Mark(generation=epoch, claims=claims), location=Location(file=file), record=seen
    )


@rows(
    "sound",
    [
        books(5, record(5)),
        books(5, record(4)),
        books(5, record(5, epoch=SECOND, before=FIRST)),
        GuardCheck(mark=NEW, location=Location(file=7), record=Absence.MISSING),
        GuardCheck(mark=NEW, location=Location(file=8), record=record(0)),
    ],
)
def test_what_a_dead_process_or_a_beginning_leaves_is_no_doubt(sound: GuardCheck) -> None:
    assert sound.discrepancy == ""


@rows(
    ("found", "words"),
    [
        (books(5, record(8)), "of 5 claims, and there were 8: .* the last 3 is not"),
        (books(7, record(8)), "of 7 claims, .* were 8: .* the last 1 is not"),
        (
            GuardCheck(mark=NEW, location=Location(file=7), record=record(8)),
            "of 0 claims, and there were 8",
        ),
        (books(5, record(5), file=8), "another file than the one that last sent"),
        (books(9, record(5), epoch=THIRD), "not the one that the last run"),
        (
            books(5, Absence.MISSING),
            "of 5 claims, and the epoch_file, .* is missing: perhaps copied",
        ),
        (books(0, Absence.MISSING), "of 0 claims, .* is missing"),
        (books(5, Absence.UNREADABLE), "cannot be read"),
        (
            GuardCheck(mark=NEW, location=Location(file=7), record=Absence.UNREADABLE),
            "cannot be read",
        ),
    ],
)
def test_a_copy_and_what_is_older_is_doubted_and_said_why(found: GuardCheck, words: str) -> None:
    assert re.search(words, found.discrepancy)


def test_the_books_go_on_from_the_highest_number_that_anybody_knows() -> None:
    assert books(5, record(8)).claims == 8
    assert books(8, record(5)).claims == 8
    assert books(5, Absence.MISSING).claims == 5


HERE = Location(file=7, machine="m", filesystem="f", boot="b", device="d")


@rows(
    ["there", "words"],
    [
        (replace(HERE, machine="n"), "on another machine"),
        (replace(HERE, filesystem="g"), "on another disk"),
        (replace(HERE, device="e"), "on another disk"),
        (replace(HERE, file=8), "another file"),
        (replace(HERE, boot="c", device="e"), ""),
        (Location(file=7), ""),
    ],
)
def test_two_copies_are_told_apart_as_far_as_the_system_tells(there: Location, words: str) -> None:
    seen = GuardRecord(mark=Mark(generation=FIRST), before=FIRST, location=HERE)
    found = GuardCheck(mark=Mark(generation=FIRST), location=there, record=seen)
    assert words in found.discrepancy
    assert bool(found.discrepancy) is bool(words)
    assert bool(there.find_move(HERE)) is bool(HERE.find_move(there)) is bool(words)


def test_a_replica_that_has_every_claim_is_no_copy_where_others_go_on_with_it() -> None:
    server = Location(file=7, machine="server", filesystem="history 1")
    known = replace(record(5), location=server)
    replica = replace(server, filesystem="history 2")
    copy = replace(replica, machine="another")
    found = {
        (place, claims, is_used_elsewhere): GuardCheck(
            mark=Mark(generation=FIRST, claims=claims),
            location=place,
            record=known,
            is_used_elsewhere=is_used_elsewhere,
        ).discrepancy
        for place in (replica, copy)
        for claims in (4, 5)
        for is_used_elsewhere in (True, False)
    }
    [behind] = {why for (_, claims, _), why in found.items() if claims == 4}
    assert "and there were 5" in behind
    assert found[replica, 5, True] == ""
    moved = (found[replica, 5, False], found[copy, 5, True], found[copy, 5, False])
    assert all("copied, restored or moved" in why for why in moved)


SERVER = Location(file=7, machine="server", filesystem="2", host="here")


@rows(
    ["name", "there", "failover", "words"],
    [
        ("it has all", SERVER, (5, 100_000), ""),
        ("a heartbeat less", SERVER, (5, 99_999), "took over and may lack the last changes"),
        ("no synchronous standby", SERVER, (5, 0), "first make sure that the server before it"),
        ("a claim, and others since", SERVER, (4, 100_000), "knows of 4 claims, and there were 5"),
        ("a copied workspace", replace(SERVER, host="there"), (5, 100_000), "another replica"),
        ("an unknown machine", replace(SERVER, host=""), (5, 100_000), "another replica"),
        ("the primary of before", replace(SERVER, filesystem="0"), None, "another replica"),
    ],
)
def test_a_replica_that_took_over_is_compared_with_what_this_machine_noted(
    name: str, there: Location, failover: tuple[int, int] | None, words: str
) -> None:
    claims, beat_at = failover or (9, 200_000)
    found = GuardCheck(
        mark=Mark(
            generation=FIRST,
            claims=9,
            beat_at=200_000,
            timeline=there.filesystem if failover else "1",
            timeline_claims=claims,
            timeline_beat_at=beat_at,
        ),
        location=there,
        record=GuardRecord(
            mark=Mark(generation=FIRST, claims=5, beat_at=100_000),
            before=FIRST,
            location=replace(SERVER, filesystem="1", host=there.host and "here"),
        ),
    )
    assert words in found.discrepancy, name
    assert bool(found.discrepancy) is bool(words)


def test_a_database_is_unmarked_until_its_first_epoch_began() -> None:
    assert GuardCheck(mark=NEW, location=HERE, record=Absence.MISSING).is_unmarked
    assert not GuardCheck(mark=NEW, location=HERE, record=Absence.UNREADABLE).is_unmarked
    assert not books(0, record(0)).is_unmarked


def test_a_copy_made_while_the_first_epoch_began_is_doubted() -> None:
    begun = record(0, before="")
    assert GuardCheck(mark=NEW, location=Location(file=7), record=begun).is_unmarked
    copied = GuardCheck(mark=NEW, location=Location(file=8), record=begun).discrepancy
    assert "copied, restored or moved" in copied


def test_another_guard_record_or_another_place_is_other_evidence() -> None:
    seen = [
        books(5, record(8)),
        books(5, record(9)),
        books(5, record(8, epoch=SECOND)),
        books(5, record(8), file=9),
        books(5, Absence.MISSING),
        books(5, Absence.UNREADABLE),
    ]
    assert len({found.evidence for found in seen}) == len(seen)


@rows(["why", "said"], [("", ""), ("wrong list", "(wrong list) ")])
def test_a_stop_says_who_stopped_why_and_when(why: str, said: str) -> None:
    stop = sending_stop("cleo@forum.example", NOON, why)
    assert stop == f"stopped by cleo@forum.example {said}on {NOON:%Y-%m-%d %H:%M} UTC"
    assert (stop.values["by"], stop.values["at"]) == ("cleo@forum.example", NOON)
