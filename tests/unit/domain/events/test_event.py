"""What kind of bounce it is, and what an event proves."""

from newsletter.domain.events.event import Bounce, EventKind, bounce_class
from tests.rows import rows


@rows("said", [Bounce.HARD, Bounce.SOFT, Bounce.POLICY, Bounce.OTHER])
@rows(
    "diagnostic",
    [
        "550 5.7.1 message refused",
        "550-5.7.26 unauthenticated sender",
        "smtp; 550 5.7.515 Access denied",
        "554 5.2.0 rejected: listed at a blocklist",
        "550 sender's IP has a poor reputation",
        "421 4.7.0 our policy limits unsolicited mail",
        "550 5.0.0 failed DMARC evaluation",
    ],
)
def test_an_objection_to_us_is_never_held_against_the_reader(said: Bounce, diagnostic: str) -> None:
    assert bounce_class(said, diagnostic) is Bounce.POLICY


@rows(
    ("said", "diagnostic", "expected"),
    [
        (Bounce.HARD, "550 5.1.1 no such user", Bounce.HARD),
        (Bounce.HARD, "", Bounce.HARD),
        (Bounce.HARD, "550 5.1.1 unknown; see our spam policy", Bounce.HARD),
        (Bounce.HARD, "552 5.2.2 mailbox full", Bounce.SOFT),
        (Bounce.SOFT, "450 4.7.1 greylisted, come back later", Bounce.SOFT),
        (Bounce.POLICY, "", Bounce.POLICY),
        (Bounce.COMPLAINT, "550 5.7.1 spam", Bounce.COMPLAINT),
        (Bounce.OTHER, "", Bounce.OTHER),
        (Bounce.OTHER, "no code in it, from host 10.5.1.1.2", Bounce.OTHER),
        (Bounce.OTHER, "550 5.1.10 recipient not found", Bounce.HARD),
        (Bounce.OTHER, "550 5.4.4 no such domain", Bounce.HARD),
        (Bounce.OTHER, "452 4.3.1 out of space", Bounce.SOFT),
        (Bounce.OTHER, "554 5.6.0 odd content", Bounce.OTHER),
    ],
)
def test_a_bounce_has_one_of_five_classes(said: Bounce, diagnostic: str, expected: Bounce) -> None:
    assert bounce_class(said, diagnostic) is expected


def test_only_an_event_that_is_understood_proves_that_the_provider_had_the_message() -> None:
    proving = {kind for kind in EventKind if kind.proves_acceptance}
    assert proving == set(EventKind) - {EventKind.OTHER}
