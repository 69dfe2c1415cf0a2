"""What staff do about one subscriber, and what of it the audit log keeps: never the address."""

import pytest

from newsletter.domain.errors import NotFound, Refused
from newsletter.domain.subscribers.audience import Entry, SuppressedEntry, SuppressionReason
from newsletter.pipeline.subscribers import administer
from tests.unit.pipeline.newsroom import Newsroom

ADA, ANA = "ada@forum.example", "ana@example.org"


def add(room: Newsroom, *lists: str) -> tuple[bool, tuple[str, ...]]:
    entry = Entry(address=ANA, name="Ana", lists=lists)
    before, after = administer.add(entry, by=ADA, offered={"press"}, store=room.store)
    return before is None, after.lists


def lift(room: Newsroom) -> SuppressionReason:
    return administer.lift(ANA, by=ADA, reason="a mistake", store=room.store)


def suppressed(room: Newsroom) -> SuppressionReason | None:
    with room.store.read() as tx:
        return tx.readers.suppressed(ANA)


def entered(room: Newsroom) -> list[tuple[str, str, str, str]]:
    with room.store.read() as tx:
        return [(line.actor, line.action, line.subject, line.detail) for line in tx.audit.all()]


def test_a_person_is_added_to_lists_that_are_offered_or_in_use(room: Newsroom) -> None:
    room.subscribe(1, "events")
    assert add(room, "press") == (True, ("press",))
    assert add(room, "events") == (False, ("events", "press"))
    assert entered(room)[-1] == (ADA, "add", "subscriber", "to events")


def test_a_list_that_is_not_there_is_refused_with_a_suggestion(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="did you mean 'press'"):
        add(room, "pres")


def test_nobody_else_brings_back_who_is_suppressed_or_left_the_list(room: Newsroom) -> None:
    add(room, "press")
    with room.store.begin() as tx:
        person = tx.readers.find(ANA)
        assert person is not None
        tx.readers.end_subscriptions(person.id, ["press"], room.clock.now(), 0)
    with pytest.raises(Refused, match="unsubscribed from press and was not added"):
        add(room, "press")
    room.suppress(ANA)
    with pytest.raises(Refused, match=r"is suppressed \(bounced\) and was not added"):
        add(room, "press")


def test_an_address_is_suppressed_once_and_let_back_with_a_reason(room: Newsroom) -> None:
    assert administer.suppress(ANA, by=ADA, store=room.store)
    assert not administer.suppress(ANA, by=ADA, store=room.store)
    assert lift(room) is SuppressionReason.MANUAL
    assert suppressed(room) is None
    assert entered(room)[-1] == (ADA, "lift", "subscriber", "was manual: a mistake")
    with pytest.raises(NotFound, match="is not suppressed"):
        lift(room)


def test_whoever_complained_comes_back_by_themselves_alone(room: Newsroom) -> None:
    room.suppress(ANA, SuppressionReason.COMPLAINED)
    with pytest.raises(Refused, match="only the person can come back"):
        lift(room)
    assert suppressed(room) is SuppressionReason.COMPLAINED


def test_what_is_kept_of_a_person_is_handed_out_and_entered(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="is not a subscriber"):
        administer.data_of(ANA, by=ADA, store=room.store)
    add(room, "press")
    kept = administer.data_of(ANA, by=ADA, store=room.store)
    assert ANA in str(kept)
    assert entered(room)[-1] == (ADA, "data", "subscriber", "")


def test_the_log_ties_an_import_to_its_very_file(room: Newsroom) -> None:
    with room.store.staging() as staging:
        staging.add([("line 2", Entry(address=ANA, lists=("press",)))])
        staging.suppress(
            [SuppressedEntry(address="gone@example.org", reason=SuppressionReason.UNSUBSCRIBED)]
        )
        brought = administer.bring_in(
            staging, file="people.csv", sha256="ab12", by=ADA, clock=room.clock
        )
    assert (brought.new, brought.known, brought.suppressed) == (1, 0, 1)
    detail = "1 new, 0 known, 1 suppressed; SHA-256 ab12"
    assert entered(room)[-1] == (ADA, "import", "people.csv", detail)
