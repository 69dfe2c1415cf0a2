"""Each planted bug breaks a rule by a few steps, which break none without it."""

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.program import BOOT, LOOK, Program, Step, run, worker

AT_THE_CALL, IN_FLIGHT, ANSWERED = 4, 5, 6
"""Points of a dispatch."""
CRASH, POWER = Step("crash"), Step("power")
RECONCILE, STALE = worker("reconcile"), worker("reconcile", "stale")


def wait(seconds: int) -> Step:
    return Step("wait", number=seconds)


def first(how: str, points: int = 99) -> Step:
    return worker("dispatch-1", how, points)


STEPS: dict[str, tuple[str, str, tuple[Step, ...]]] = {
    "a time-out is tried again": ("begun", "keyed", (first("lose"),)),
    "what is unknown fails over": ("begun", "mute/mute", (first("lose"),)),
    "a redirect is followed": ("begun", "mute", (first("redirect"),)),
    "an answer for some is read as one for all": ("begun", "mute", (first("partly"),)),
    "an early hint is the answer": (
        "begun",
        "mute",
        (first("hints"), first("configuration"), first("take")),
    ),
    "a stale claim leaves": (
        "begun",
        "mute",
        (first("take", 2), Step("reader", "leave_all", 2), wait(100), first("take")),
    ),
    "records of another account are asked": ("begun", "asked", (first("lose"),)),
    "another reader's link": ("begun", "mute", ()),
    "claims are not noted outside": (
        "begun",
        "mute",
        (Step("back_up"), first("take"), Step("restore", "in place", 1)),
    ),
    "the last commit is lost with the power": ("begun", "mute", (first("take", ANSWERED), POWER)),
    "the cursor moves at fetch": ("begun", "mute", (first("take", 2), CRASH)),
    "suppression is asked at the planning only": ("begun", "mute", (Step("reader", "leave", 2),)),
    "a hold is not asked": ("begun", "mute", (Step("hold"), first("take"))),
    "what ends while bytes are made is not asked": (
        "begun",
        "mute",
        (first("take", 2), Step("hand", "cancel"), first("take")),
    ),
    "no fence around putting back": (
        "begun",
        "keyed",
        (first("busy", ANSWERED), BOOT, RECONCILE, Step("older", number=99)),
    ),
    "a crash queues what was claimed": ("begun", "mute", (first("take", ANSWERED), CRASH)),
    "a lease is taken over too early": (
        "begun",
        "mute",
        (
            *(first("take", AT_THE_CALL), wait(20), first("take", 1), wait(20)),
            *(LOOK, worker("dispatch-2"), first("take")),
        ),
    ),
    "halves overlap": ("begun", "mute", (first("split"),)),
    "no fence around what was unknown": (
        "begun",
        "asked",
        (
            *(first("drop"), wait(300), RECONCILE, wait(300), worker("reconcile", points=3)),
            *(Step("hand", "resend"), first("lose"), RECONCILE),
        ),
    ),
    "replayed to who left": (
        "begun",
        "keyed",
        (first("drop"), Step("reader", "leave_all", 2), RECONCILE),
    ),
    "replayed at another account": ("begun", "keyed", (first("lose"), Step("account"), BOOT)),
    "decided in mid-replay": (
        "begun",
        "keyed",
        (first("drop"), worker("reconcile", points=3), Step("hand", "resend"), RECONCILE),
    ),
    "an event for one is one for all": (
        "begun",
        "mute",
        (first("torn"), Step("event", "delivered")),
    ),
    "halves forget their tries": (
        "begun",
        "mute",
        (first("lose"), Step("hand", "resend"), first("split"), Step("event", "delivered")),
    ),
    "records are believed at once": ("begun", "asked", (first("silent"), wait(20), RECONCILE)),
    "a key is believed for ever": ("begun", "keyed", (first("lose"), wait(700), RECONCILE)),
    "an inquiry names the addresses of today": (
        "begun",
        "asked",
        (first("lose"), Step("reader", "move", 2), wait(300), RECONCILE, wait(300), RECONCILE),
    ),
    "an erased reader counts as absent": (
        "begun",
        "asked",
        (first("torn"), Step("reader", "erase", 1), wait(300), RECONCILE, wait(300), RECONCILE),
    ),
    "silent look-ups need not follow each other": (
        "begun",
        "asked",
        (
            *(first("lose"), wait(300), STALE, wait(700)),
            *(worker("reconcile", "unreadable"), wait(700), STALE),
        ),
    ),
    "no fence when an event confirms": (
        "begun",
        "asked",
        (
            *(first("torn"), wait(300), worker("reconcile", points=3)),
            *(Step("event", "delivered"), RECONCILE),
        ),
    ),
    "a bounce ends whichever address": (
        "correction",
        "mute",
        (first("take"), Step("reader", "move", 1), Step("event", "bounced")),
    ),
    "all is at the first account": ("begun", "mute/asked", (first("configuration"), first("lose"))),
    "a stale fence may still leave": (
        "begun",
        "mute",
        (
            *(first("take", 2), BOOT, first("take", 2), Step("older", number=IN_FLIGHT - 1)),
            first("take"),
        ),
    ),
    "a database may lack one claim": (
        "begun",
        "mute",
        (Step("back_up"), first("take"), Step("restore", "in place", 1)),
    ),
    "what leaves is not committed to last": ("begun", "mute", (first("take", ANSWERED), POWER)),
    "a translation's writer may approve": ("together", "mute", (LOOK, Step("approve", "flo"))),
    "a draft may go out in a mail": (
        "together",
        "mute",
        (Step("draft", "writer", 1), LOOK, Step("approve", "ed")),
    ),
    "a digest has no writers": (
        "digest",
        "mute",
        (Step("gather"), LOOK, Step("approve", "writer", 1)),
    ),
    "a page forgets the time that it showed": (
        "office",
        "mute",
        (
            *(LOOK, Step("schedule", "sam"), Step("read", "ed"), Step("hurry", "sam")),
            *(Step("approve", "ed"), wait(100), LOOK),
        ),
    ),
    "cancelling takes what is under way": (
        "begun",
        "mute",
        (first("take", IN_FLIGHT), Step("hand", "cancel"), first("take")),
    ),
    "cancelling forgets the queue": ("begun", "mute", (Step("hand", "cancel"),)),
    "what is reopened forgets who has it": (
        "begun",
        "mute",
        (first("take"), Step("hand", "cancel"), Step("hand", "reopen"), first("take")),
    ),
    "a correction goes to half of them": ("correction", "mute", (first("take"),)),
    "a translation goes to who had the original": ("family", "mute", ()),
    "a segment is not asked": ("segment", "mute", ()),
    "an hour that comes twice counts twice": ("hours", "mute", ()),
    "the rate is not kept": ("paced", "mute", (first("take"),)),
    "a pause is not kept": ("begun", "mute", (Step("reader", "pause", 2),)),
    "a file brings back who left": (
        "plain",
        "mute",
        (Step("reader", "unsubscribe", 2), Step("import", number=1)),
    ),
    "an undone import leaves subscriptions": (
        "plain",
        "mute",
        (Step("import", number=1), Step("undo import")),
    ),
    "a session outlives its end": (
        "begun",
        "mute",
        (Step("staff", "joins"), Step("staff", "signs out")),
    ),
    "a used link works again": (
        "begun",
        "mute",
        (Step("reader", "join"), worker("post"), Step("reader", "confirm")),
    ),
    "each spelling gets an email": (
        "begun",
        "mute",
        (Step("reader", "join", 3), worker("post"), worker("post")),
    ),
    "readers let themselves in": ("begun", "mute", (Step("reader", "sneak", 1),)),
    "a revoked approval counts": (
        "office",
        "mute",
        (LOOK, Step("approve", "ed"), Step("revoke", "ed"), LOOK),
    ),
    "a letter is posted again after a crash": (
        "begun",
        "mute",
        (Step("reader", "join"), worker("post", points=ANSWERED), CRASH),
    ),
}


def test_there_are_steps_for_each_of_them() -> None:
    assert STEPS.keys() == BUGS.keys()


@pytest.mark.parametrize("name", STEPS)
def test_a_planted_bug_breaks_a_rule(name: str) -> None:
    kind, traits, steps = STEPS[name]
    given = Program(kind=kind, traits=traits, steps=(BOOT, *steps))
    with_it, without = run(given, BUGS[name]), run(given)
    assert without.violation is None, "\n".join(without.trace)
    assert with_it.violation is not None, "\n".join(with_it.trace)
