"""Acts of staff on one subscriber, and their lines in the audit log: never the address."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from newsletter.domain.errors import InvalidInput, NotFound, Refused
from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Entry, Subscriber, SuppressionReason
from newsletter.pipeline.subscribers.administer import SubscriberActs, forget
from newsletter.pipeline.subscribers.imports import ImportPlan, run_import, undo
from newsletter.pipeline.subscribers.membership import unknown_lists
from tests.contracts.books import audited
from tests.unit.pipeline.newsroom import Newsroom

ADA, ANA = "ada@forum.example", "ana@example.org"


def acts(room: Newsroom, by: str = ADA) -> SubscriberActs:
    return SubscriberActs(store=room.store, actor=by, declared={"press"})


def add(room: Newsroom, *lists: str) -> tuple[bool, tuple[str, ...]]:
    entry = Entry(address=ANA, name="Ana", lists=lists)
    before, after = acts(room).add(entry)
    return before is None, after.lists


def lift(room: Newsroom) -> SuppressionReason:
    return acts(room).lift(ANA, reason="a mistake")


def suppressed(room: Newsroom) -> SuppressionReason | None:
    with room.store.read() as tx:
        return tx.readers.suppression_reason(ANA)


def entered(room: Newsroom) -> list[tuple[str, str, str, Mapping[str, object]]]:
    lines = audited(room.store)
    return [(line.actor, line.action, line.subject, line.values) for line in lines]


def test_a_person_is_added_to_lists_that_are_offered_or_in_use(room: Newsroom) -> None:
    room.subscribe(1, "events")
    assert add(room, "press") == (True, ("press",))
    assert add(room, "events") == (False, ("events", "press"))
    with room.store.read() as tx:
        consent = tx.consents.find_recorded(tx.readers.find(ANA).id)
    assert consent.source == f"added by {ADA}"
    assert entered(room)[-1] == (ADA, "add", "subscriber", {"lists": ("events",)})


def test_a_list_that_is_not_there_is_refused_with_a_suggestion(room: Newsroom) -> None:
    with pytest.raises(InvalidInput, match="--list: there is no list 'pres'; did you mean press"):
        add(room, "pres")


def test_without_any_list_none_is_named() -> None:
    assert unknown_lists(["press"], []) == ("there is no list 'press'; there are: –",)


def test_nobody_else_brings_back_who_is_suppressed_or_left_the_list(room: Newsroom) -> None:
    add(room, "press")
    with room.store.begin() as tx:
        person = tx.readers.find(ANA)
        tx.choices.leave(person.id, ["press"], room.clock.now(), 0)
    with pytest.raises(Refused, match="unsubscribed from press and was not added"):
        add(room, "press")
    acts(room).change_address(ANA, "new@example.org")
    with pytest.raises(Refused, match="was a subscriber's before and was not added"):
        add(room, "press")
    room.suppress(ANA)
    with pytest.raises(Refused, match=r"is suppressed \(bounced\) and was not added"):
        add(room, "press")


def test_an_address_is_suppressed_once_and_let_back_with_a_reason(room: Newsroom) -> None:
    assert acts(room).suppress(ANA)
    assert not acts(room).suppress(ANA)
    assert lift(room) is SuppressionReason.MANUAL
    assert suppressed(room) is None
    assert entered(room)[-1] == (
        ADA,
        "lift",
        "subscriber",
        {"before": "manual", "reason": "a mistake"},
    )
    with pytest.raises(NotFound, match="is not suppressed"):
        lift(room)


def test_whoever_complained_comes_back_by_themselves_alone(room: Newsroom) -> None:
    room.suppress(ANA, SuppressionReason.COMPLAINED)
    with pytest.raises(Refused, match="only the person can come back"):
        lift(room)
    assert suppressed(room) is SuppressionReason.COMPLAINED


@pytest.mark.parametrize("reason", SuppressionReason)
def test_nobody_lifts_what_an_erasure_keeps(room: Newsroom, reason: SuppressionReason) -> None:
    room.suppress(ANA, reason)
    forget(ANA, by=ADA, store=room.store)
    with pytest.raises(Refused, match="only the person can come back"):
        lift(room)
    with room.store.read() as tx:
        assert tx.readers.suppression_reason(ANA) is SuppressionReason.ERASED
        assert tx.readers.suppression_origin(ANA) == "forget"


def test_what_is_kept_of_a_person_is_handed_out_and_entered(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="is not a subscriber"):
        acts(room).data_of(ANA)
    add(room, "press")
    kept = acts(room).data_of(ANA)
    assert ANA in str(kept)
    assert entered(room)[-1] == (ADA, "data", "subscriber", {})


def test_a_subscription_is_ended_once_and_by_its_name_alone(room: Newsroom) -> None:
    def unsubscribe(*lists: str) -> tuple[str, ...]:
        return acts(room).unsubscribe(ANA, lists)

    with pytest.raises(NotFound, match="is not a subscriber"):
        unsubscribe("press")
    add(room, "press")
    with pytest.raises(NotFound, match="did you mean press"):
        unsubscribe("pres")
    assert unsubscribe("press") == ("press",)
    assert entered(room)[-1] == (ADA, "unsubscribe", "subscriber", {"lists": ("press",)})
    assert unsubscribe("press") == ()
    assert entered(room)[-1][1] == "unsubscribe"
    with pytest.raises(Refused, match="unsubscribed from press and was not added"):
        add(room, "press")


NEW = "ana.ruiz@example.net"


def change(room: Newsroom, new: str = NEW) -> Subscriber:
    return acts(room).change_address(ANA, new)


def test_a_person_moves_with_lists_and_choices(room: Newsroom) -> None:
    with pytest.raises(NotFound, match="is not a subscriber"):
        change(room)
    add(room, "press")
    moved = change(room)
    assert (moved.address, moved.lists, moved.suppressed) == (NEW, ("press",), None)
    assert entered(room)[-1] == (ADA, "change address", "subscriber", {})
    with pytest.raises(NotFound, match="is not a subscriber"):
        change(room)


def test_nobody_moves_to_what_is_another_persons_or_suppressed(room: Newsroom) -> None:
    add(room, "press")
    room.subscribe(1)
    with pytest.raises(Refused, match="is another subscriber's"):
        change(room, "Reader1@example.org")
    room.suppress(NEW)
    with pytest.raises(Refused, match=r"is suppressed \(bounced\)"):
        change(room)


def test_nobody_moves_to_what_another_person_left_and_anybody_moves_back(room: Newsroom) -> None:
    add(room, "press")
    room.subscribe(1)
    change(room)
    acts(room).unsubscribe(NEW, ["press"])
    with pytest.raises(Refused, match=f"{ANA} was a subscriber's before"):
        acts(room).change_address("reader1@example.org", ANA)
    assert acts(room).change_address(NEW, ANA).left == ("press",)


def test_nobody_is_erased_by_an_address_that_they_left(room: Newsroom) -> None:
    add(room, "press")
    change(room)
    for block in (False, True):
        with pytest.raises(Refused, match=f"before, who has {NEW} now; erase that person"):
            forget(ANA, by=ADA, block_unknown=block, store=room.store)
    assert forget(NEW, by=ADA, store=room.store)
    with room.store.read() as tx:
        assert tx.readers.suppression_reason(ANA) is SuppressionReason.ERASED


@pytest.mark.parametrize(
    ("reason", "stays"),
    [
        (SuppressionReason.UNSUBSCRIBED, True),
        (SuppressionReason.COMPLAINED, True),
        (SuppressionReason.MANUAL, True),
        (SuppressionReason.BOUNCED, False),
    ],
)
def test_what_a_person_or_staff_said_moves_along_and_a_dead_mailbox_does_not(
    room: Newsroom, reason: SuppressionReason, stays: bool
) -> None:
    add(room, "press")
    room.suppress(ANA, reason)
    assert change(room, ANA.title()).suppressed is reason, "it is the same address"
    assert change(room).suppressed is (reason if stays else None)


def test_staff_lift_the_suppression_of_an_address_that_its_person_left(room: Newsroom) -> None:
    add(room, "press")
    room.suppress(ANA, SuppressionReason.MANUAL)
    change(room)
    assert lift(room) is SuppressionReason.MANUAL
    assert suppressed(room) is None


def plan(by: str) -> ImportPlan:
    return ImportPlan(file="people.csv", kind="plain", sha256="ab12", by=by, declared={"press"})


ACTS: dict[Role, tuple[Callable[[Newsroom, str], object], ...]] = {
    Role.SENDER: (
        lambda room, by: acts(room, by).add(Entry(address=ANA, lists=("press",))),
        lambda room, by: acts(room, by).decide_request(1, "press", admits=True),
        lambda room, by: acts(room, by).edit(Entry(address=ANA, lists=())),
        lambda room, by: acts(room, by).suppress(ANA),
        lambda room, by: acts(room, by).unsubscribe(ANA, []),
        lambda room, by: run_import([], plan(by), store=room.store),
    ),
    Role.ADMIN: (
        lambda room, by: acts(room, by).lift(ANA, reason="a slip"),
        lambda room, by: acts(room, by).data_of(ANA),
        lambda room, by: acts(room, by).change_address(ANA, "eve@example.org"),
        lambda room, by: forget(ANA, by=by, store=room.store),
        lambda room, by: undo(1, by=by, store=room.store),
    ),
}


@pytest.mark.parametrize("needed", ACTS)
def test_each_act_asks_for_the_role_in_its_own_transaction(room: Newsroom, needed: Role) -> None:
    add(room, "press")
    before = entered(room)
    lesser = {Role.SENDER: "ed@forum.example", Role.ADMIN: "sam@forum.example"}[needed]
    for by, why in ((lesser, f"takes the role {needed.value}"), ("gone@forum.example", "among")):
        for act in ACTS[needed]:
            with pytest.raises(Refused, match=why):
                act(room, by)
    assert entered(room) == before


def test_an_import_stops_when_its_person_loses_the_role(room: Newsroom) -> None:
    def people() -> Iterator[tuple[str, Entry]]:
        for number in range(501):
            if number == 500:
                room.dismiss(ADA)
            yield f"line {number}", Entry(address=f"a{number}@example.org", lists=("press",))

    with pytest.raises(Refused, match="is not among the staff"):
        run_import(people(), plan(ADA), store=room.store)
