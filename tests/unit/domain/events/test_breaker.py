"""When a campaign has to stop, and when it may go on all the same."""

from newsletter.domain.events.event import Damage, objections, overrule
from tests.rows import rows

NOTHING = Damage()


@rows(
    ("complained", "hard", "accepted", "stops"),
    [
        (1, 0, 199, False),
        (0, 199, 199, False),
        (1, 0, 200, True),
        (0, 9, 200, False),
        (0, 10, 200, True),
        (1, 0, 1_000, True),
        (1, 0, 1_001, False),
        (0, 499, 10_000, False),
        (0, 500, 10_000, True),
        (0, 0, 10_000, False),
    ],
)
def test_a_campaign_stops_from_a_thousandth_of_complaints_or_a_twentieth_of_hard_bounces(
    complained: int, hard: int, accepted: int, stops: bool
) -> None:
    damage = Damage(complained=complained, hard=hard)
    assert bool(objections(damage, accepted, NOTHING)) is stops


def test_each_objection_gives_its_figures() -> None:
    assert objections(Damage(complained=3, hard=100), 2_000, NOTHING) == (
        "3 of 2,000 accepted were reported as spam (0.15 %; from 0.1 % on it stops)",
        "100 of 2,000 accepted came back since there is no such mailbox"
        " (5.00 %; from 5 % on it stops)",
    )


def test_what_was_overruled_counts_again_when_it_has_doubled() -> None:
    seen = Damage(complained=3, hard=0)
    assert not objections(Damage(complained=5), 2_000, seen)
    assert objections(Damage(complained=6), 2_000, seen)
    assert objections(Damage(complained=5, hard=100), 2_000, seen), "that was not overruled"


def test_only_what_would_stop_it_is_overruled() -> None:
    before = Damage(complained=1, hard=7)
    assert overrule(Damage(complained=4, hard=3), 2_000, before) == Damage(complained=4, hard=7)
    assert overrule(Damage(complained=1, hard=300), 2_000, NOTHING) == Damage(hard=300)
    assert overrule(Damage(complained=9, hard=99), 199, NOTHING) == NOTHING
