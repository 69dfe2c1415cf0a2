"""The lots of a seed: the kind of workspace, its providers, and the steps of a program."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.simulation.cast import EDITORIAL, READERS, SETTINGS
from tests.simulation.chores import CHORES
from tests.simulation.documented import DOCUMENTED
from tests.simulation.editors import ADMINS, APPROVERS, COMMAND
from tests.simulation.host import PROVIDERS, WORKERS, Parts
from tests.simulation.people import CONCERNED, TOLD
from tests.simulation.program import BOOT, LOOK, Program, Step, run, shrink, worker
from tests.simulation.service import How
from tests.simulation.staff import deeds
from tests.simulation.wire import TRAITS
from tests.simulation.world import TO_THE_END

One = TypeVar("One")


@dataclass(frozen=True, kw_only=True)
class Swarm:
    """The steps that may happen in one run, with weights. Each seed draws some of all steps.

    If all steps could happen in each run, three steps of one kind would seldom meet.
    """

    steps: Mapping[str, float]
    workers: Mapping[str, float]
    faults: tuple[str, ...]
    """The failures that a call may have."""
    taken: float
    """The share of calls without a failure."""
    whole: float
    """The share of tasks that run to their end without a break."""
    waits: tuple[int, ...]
    readers: tuple[int, ...]
    words: Mapping[str, tuple[str, ...]]
    """The acts of the operator, of readers and of the provider."""


def program(seed: int, *, on_server: bool = False) -> Program:
    """Return the program of a seed, the same on each machine.

    ``on_server``: for PostgreSQL, where more runs share the sending and stop between statements.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    kind = chance.choices(list(SETTINGS), [one.often for one in SETTINGS.values()])[0]
    if on_server and chance.random() < _SHARED:
        kind = chance.choice(("shared", "shared pace"))
    steps_of = _steps_of(kind)
    traits, swarm = _traits(chance), _swarm(chance, steps_of)
    steps, most = [BOOT], chance.randint(6, 22)
    if kind in EDITORIAL:  # before the first look there is no statement
        steps, most = [BOOT, LOOK], chance.randint(10, 24)
    elif chance.random() < (_SOMETIMES if SETTINGS[kind].begun else _BEGUN):
        on = [worker("dispatch-1")] * chance.randint(0, 1)
        steps += [*on, LOOK, *_sequel(LOOK, chance, swarm)]
    if SETTINGS[kind].shares:
        steps.append(Step("boot", "B ", TO_THE_END))
    while len(steps) <= most:
        step = _step(chance, swarm, swarm.steps)
        drawn = (*_first(step, steps, chance), step, *_sequel(step, chance, swarm))
        steps += [one for one in drawn if one.what in steps_of or one.what not in _EDITS]
    # most batches are left when the steps end, and all calls after them succeed
    steps += [worker("dispatch-1", chance.choice(swarm.faults)) for _ in range(3)]
    if SETTINGS[kind].shares:
        steps = [*_among_two(chance, steps, on_server=on_server)]
    return Program(kind=kind, traits=traits, steps=tuple(steps))


def _steps_of(kind: str) -> dict[str, tuple[float, Callable[[random.Random, Swarm], Step]]]:
    """Return the steps that can act in a kind of workspace."""
    drawn, setting = _STEPS | _EDITS if kind in EDITORIAL else _STEPS, SETTINGS[kind]
    acts = {what: what not in _ONLY or getattr(setting, _ONLY[what]) for what in drawn}
    return {what: one for what, one in drawn.items() if acts[what]}


def _first(step: Step, before: Sequence[Step], chance: random.Random) -> list[Step]:
    """Return the steps that this one needs to act, and that did not happen before."""
    if chance.random() > _PREPARED:
        return []
    needed = _NEEDS.get(f"{step.what} {step.who}") or _NEEDS.get(step.what, ())
    done = {one.what if one.what in _EDITS else (one.what, one.who, one.how) for one in before}
    return [
        one._replace(who=one.who or step.who, number=one.number or step.number)
        for one in needed
        if one.what not in done and (one.what, one.who, one.how) not in done
    ]


def _among_two(chance: random.Random, steps: Sequence[Step], *, on_server: bool) -> Iterator[Step]:
    """Yield the steps of one machine as those of two that share the sending."""
    for step in steps:
        who = "B " if step.what in _OF_MACHINE and chance.random() < _OTHER else ""
        number = step.number
        if on_server and step.what == "go" and number < TO_THE_END:
            number = chance.choice(_STATEMENTS)
        if step.what not in _ALONE:
            who = step.who if step.who.startswith("B ") else who + step.who
            yield step._replace(who=who, number=number)


def _sequel(step: Step, chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return steps that seldom follow by chance, such as a start after a crash."""
    if step.what == "go":
        return _go_on(step, chance, swarm)
    if step.what == "staff" and step.who == "joins":
        others = [deed for deed in deeds() if deed not in {"joins", "look"}]
        return [Step("staff", deed, step.number) for deed in chance.sample(others, 4)]
    begins = step.what == "boot" and step.number != TO_THE_END
    if begins or step.what in _ENDS:  # without a process all later steps are skipped
        late = [Step("wait", "", 700)] * (chance.random() < _HEARD)
        return [*late, BOOT] * (chance.random() < _STARTED_AGAIN)
    return _taken_up(step, chance, swarm) if chance.random() < _TAKEN_UP else []


def _taken_up(step: Step, chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return what other people do after a step of one."""
    known = _AFTER.get(f"{step.what} {step.who}") or _AFTER.get(step.what, ("",))
    return _read(chance.choice(known), step, chance, swarm)


def _read(words: str, of: Step, chance: random.Random, swarm: Swarm) -> list[Step]:
    """Read steps that follow another one, and fill their gaps by chance."""
    reader = chance.randint(1, 3)
    filled = words.format(
        who=of.who,
        n=of.number,
        any=chance.randint(0, 1),
        one=chance.choice(APPROVERS),
        other=chance.choice([one for one in APPROVERS if one != of.who]),
        admin=chance.choice(ADMINS),
        reader=reader,
        mail=reader - 1,
        changed=chance.choice(_CHANGES),
        acted=chance.choice(("leave_list", "leave", "pause", "come_back")),
        few=chance.choice(("", "many")),
        place=chance.choice(("in place", "anew")),
        said=chance.choice(("bounced", "complained", "delivered")),
        decided=chance.choice(("sent", "resend", "give up")),
        fault=chance.choice(swarm.faults),
        seen=chance.sample(("take", "take", "take", "stale", "unreadable"), 2),
        parted=chance.choice(("split", *swarm.faults[:1])),
        door=chance.choice(_DOORS),
    )
    steps = (one.strip() for one in filled.split("; "))
    return [LOOK if one == "look" else Step.read(one) for one in steps if one]


def _go_on(step: Step, chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return steps after a task, or between its points."""
    if step.who != LOOK.who and chance.random() < _DECIDED.get(step.how, 0):
        if step.who in _SENDERS and chance.random() < _MOVED:
            return _read(_SINCE, step, chance, swarm)
        return _find_out(chance, swarm)
    to_the_end = step.number == TO_THE_END
    if step.how in _SEQUELS and to_the_end and chance.random() < _TAKEN_UP:
        return _read(chance.choice(_SEQUELS[step.how]), step, chance, swarm)
    if step.who == LOOK.who and to_the_end and chance.random() < _SOMETIMES:
        return _read(_FROZEN, step, chance, swarm)
    if step.who in _SENDERS and to_the_end and chance.random() < _HEARD:
        return _read("reader {changed} {reader}; event {said} {mail}", step, chance, swarm)
    if to_the_end or chance.random() > _DISTURBED:
        return []
    others = {what: one for what, one in swarm.steps.items() if what not in _ASIDE} or _ANY
    between = [_step(chance, swarm, others) for _ in range(chance.randint(1, 3))]
    resent, stop = [BOOT, Step("hand", "resend", -1)], [Step.read(chance.choice(_STOPS))]
    between += chance.choices(([], [Step("power")], [BOOT], resent, stop), (6, 1, 1, 1.5, 2))[0]
    again = step._replace(number=TO_THE_END)
    if any(one.what in _ENDS for one in between):
        return [*between, BOOT]
    if all(one.what != "boot" for one in between):
        paused = any(one[:2] == ("hand", "pause") for one in between)
        return [*between, again, *[Step("hand", "resume", -1)] * paused]
    older = Step("older", "", chance.choice((4, TO_THE_END)), "take")
    return [*between, step._replace(number=chance.choice((2, 5, TO_THE_END))), older, again]


def _find_out(chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return look-ups of unknown batches, with another step in the middle of one."""
    again = [worker("dispatch-1", chance.choice(swarm.faults))] * (chance.random() < _TRIED_AGAIN)
    look = worker("reconcile", chance.choice(("take", "stale")), chance.randint(1, 5))
    said = _read(chance.choice(_MEANWHILE), look, chance, swarm)
    both = [look, *said] if chance.random() < _TRIED_AGAIN else [*said, look]
    return [*_looks(chance), *both, *again, *_looks(chance)]


def _looks(chance: random.Random) -> list[Step]:
    """Return some look-ups, each late enough that silence counts."""
    waits = [Step("wait", "", chance.choice((300, 700))) for _ in range(3)]
    looks = [worker("reconcile", how) for how in chance.choice(_LOOKS)]
    return [step for each in zip(waits, looks, strict=False) for step in each]


_MEANWHILE = (
    *("hand {decided} -1", "hand resend -1; event delivered -{reader}"),
    *("reader {changed} -{reader}", "event delivered -{reader}") * 2,
    *("rotate recording; boot", "account recording; boot"),
    *("hand resend -1; go dispatch-1 99 {parted}; event delivered -{reader}",) * 2,
)
"""Steps that resolve unknown batches, or change their readers or account."""
_SINCE = "reader {changed} -{reader}; go reconcile 99 take"
_SINCE += "; wait 300; go reconcile 99 {seen[0]}; wait 300; go reconcile 99 {seen[1]}"
"""A change of one who may have the message, and looks until silence counts."""
_FROZEN = "reader {changed} -{reader}; go dispatch-1 99 {parted}"
"""A change of one who is in an audience, and a call to them."""
_CHANGES = ("move", "move", "erase", "leave", "leave", "leave_all", "unsubscribe", "rename")
_AGREED = (
    "start sam {n} {door}; look",
    "approve {one} {n} {door}; start sam {n}; look; wait 100; look",
    "approve {one} {n}; approve {other} {n} {door}; start sam {n} {door}; look",
    "override {admin} {n} {door}; start sam {n}; look; wait 100; look",
)
"""The other approvals and the start that a statement may need."""
_IN_DOUBT = (
    "edit flo {n}; look; start sam {n}",
    "draft writer {any}",
    "start sam {n}; edit flo {n}",
    "start sam {n}; revoke {who} {n}",
    "start sam {n}; revoke {who} {n}; approve {one} {n}",
    "approve {other} {n}; start sam {n}; revoke {who} {n}; approve {who} {n}",
    "start sam {n}; approve {other} {n}",
    "read sam {n}; import 1; start sam {n}",
    "approve {other} {n}; start sam {n}; dismiss ed",
    "approve {other} {n}; start sam {n}; undo ed {n}",
    "wait 100; start sam {n}",
)
"""Ends of an approval before the next look, in words."""
_MAILED = ("go post 99 take; reader confirm {reader}",) * 9
_MAILED += ("back_up; go post 99 take; restore in place -1; boot; release; go post 99 take",)
_AFTER = {
    "approve": (*_AGREED * 4, *(f"{one}; look; wait 100; look" for one in _IN_DOUBT)),
    **dict.fromkeys(("waive", "override", "hand in"), _AGREED),
    **dict.fromkeys(("edit", "draft", "embargo", "gather"), ("look; approve {one} {any}; look",)),
    "reader move": ("import old {n}", "", "", "", ""),
    **dict.fromkeys(("reader join", "reader enroll", "reader ask_to_move"), _MAILED),
    "hand report": ("go post 99 take; go post 99 take",),
    "back_up": ("go dispatch-1 99 {fault}; restore {place} -1; boot",),
    "import left": ("undo import", "undo import; import {n}"),
    "import": ("reader {acted} {n}; undo import", "reader {acted} {n}; undo import; import {n}"),
    "chore note": ("gather",),
    # also of the original of a correction
    "until": ("look; approve ed; plan sam; look; approve ed 1; start sam 1; wait 100; look",),
    "schedule": ("read ed {n}; hurry sam {n}; approve ed {n}; wait 100; look",),
    "read sam": ("import {few} 1; start sam {n}; look", "reader scatter 2; start sam {n}; look"),
    "plan": ("reader scatter 1; wait 400; look", "import many 1; wait 400; look"),
    "event complained": (f"reader move {TOLD}", f"event bounced {{n}}; reader lift {TOLD}"),
    "hold": ("release",),
    "take back": ("hand in ed {n}; look; look",),
    "hand pause": ("hand resume {n}",),
}
"""Steps of other people after a step, in words."""
_LOOKS: tuple[tuple[str, ...], ...] = (
    *((), ("stale", "unreadable"), ("take",), ("stale",), ("take", "take"), ("stale", "take")),
    *(("stale", "unreadable", "stale"), ("unreadable", "stale", "stale")),
)
_TRIED_AGAIN, _SHARED, _OTHER = 0.5, 0.6, 0.4
_OF_MACHINE = frozenset({"go", "crash", "power", "cut", "boot", "older", "lose"})
"""The steps of a machine."""
_ALONE = frozenset({"clone", "restore", "back_up", "account", "rotate", "jump"})
"""Steps of which none happens where two machines share the sending."""
_STATEMENTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28)
"""Points of a task if it also stops between the statements of a transaction."""
_ENDS = frozenset({"crash", "power", "cut", "lose", "restore", "account", "rotate"})
_STARTED_AGAIN, _DISTURBED, _TAKEN_UP, _BEGUN, _HEARD = 0.9, 0.6, 0.6, 0.7, 0.1
_MOVED, _PREPARED, _SOMETIMES = 0.5, 0.7, 0.35
_REFUSALS = {
    How.REDIRECT.value: Step("hand", "resume"),
    How.CONFIGURATION.value: Step("hand", "resume"),
    How.BUSY.value: Step("wait", "", 700),
    How.QUOTA.value: Step("wait", "", 100_000),
}
"""The failures after which nothing is sent for a time, and the step that ends it."""
_SENT_ANEW = (
    "hand cancel -1; edit flo; look; approve {one}; start sam; look; wait 700; look; "
    "go dispatch-1 99 take"
)
"""Other words under the same name, by the process that began to send the first."""
_SEQUELS = {
    **{how: (*[str(step)] * 3, _SENT_ANEW) for how, step in _REFUSALS.items()},
    "partly": ("", "go dispatch-1 99 take; go dispatch-1 99 take; hand reopen -1"),
    "again": ("", "", "go dispatch-1 4 again; hand cancel -1; go dispatch-1 99 again"),
}
"""What follows a call that is refused, or that some readers do not get, in words."""
_FAULTS = [one.value for one in How if one is not How.TAKE and one.value not in _REFUSALS]
_DECIDED = dict.fromkeys(("lose", "silent", "drop", "torn", "half", "unreadable"), 0.4)
"""How often ``_find_out`` follows a call, by its failure."""
_STOPS = ("hand pause -1", "hand pause -1", "hand cancel -1", "reader leave -1")
"""Acts by which people stop a call in its middle."""
_ASIDE = frozenset({"go", "staff", "chore", "import", "undo import", "release"})
"""Steps that do not concern a task in whose middle they happen."""
_ONLY = dict.fromkeys(("start", "plan"), "by_sender") | dict.fromkeys(("gather", "note"), "gathers")
_ONLY |= dict.fromkeys(("write", "hand in", "take back"), "writes")
"""The steps that can act only in some settings."""
_NEEDS = {
    each: tuple(Step.read(one) for one in needed.split("; "))
    for needed, steps in (
        ("approve flo; approve ada", "start, plan, read sam"),
        ("approve flo; approve ada; start sam", "undo"),
        ("approve", "revoke"),
        ("schedule", "hurry, unschedule"),
        ("draft", "submit"),
        ("hand in", "take back"),
        ("import 1", "undo import"),
        ("hold", "release"),
        ("go dispatch-1 99 take", "event"),
        ("go dispatch-1 99 lose", "hand sent, hand resend, hand give up"),
        ("hand pause", "hand resume"),
        ("hand cancel", "hand reopen"),
        ("reader join; go post 99 take", "reader confirm"),
        ("reader leave_all", "reader come_back"),
        ("reader suppress", "reader lift"),
        ("reader pause", "reader resume"),
    )
    for each in steps.split(", ")
}
"""The steps without which others cannot act."""
_SENDERS = frozenset({"dispatch-1", "dispatch-2"})
_POINTS = (1, 2, 2, 3, 4, 5, 6, 6, 6, 7)
_DOCUMENTED = 0.5
"""The share of providers that are one of the twelve."""
_ANY = {"wait": 1.0, "hand": 1.0, "reader": 1.0}


def _traits(chance: random.Random) -> str:
    first, second = (
        chance.choice(DOCUMENTED if chance.random() < _DOCUMENTED else sorted(TRAITS))
        for _ in range(2)
    )
    return f"{first}/{second}" if chance.random() < 0.25 else first


def _swarm(chance: random.Random, of: Mapping[str, tuple[float, object]]) -> Swarm:
    weights = {what: weight for what, (weight, _) in of.items()}
    always = {what: weights[what] for what in ("go", "approve") if what in weights}
    return Swarm(
        steps=_at_rates(chance, weights) | always,
        workers=_at_rates(chance, _WORKERS) | {"dispatch-1": _WORKERS["dispatch-1"]},
        faults=_part(chance, _FAULTS, 0.3) + _part(chance, _REFUSALS, 0.3) * chance.randint(0, 1),
        taken=chance.choice((0.2, 0.4, 0.7)),
        whole=chance.choice((0.3, 0.5, 0.8)),
        waits=_part(chance, (5, 20, 40, 100, 300, 700, 45_000, 100_000), 0.5),
        readers=_part(chance, (*CONCERNED, *range(1, READERS + 1)), 0.4),
        words={what: _part(chance, each.split(", "), 0.5) for what, each in _WORDS.items()},
    )


def _part(chance: random.Random, of: Iterable[One], share: float) -> tuple[One, ...]:
    """Return at least one of the elements, by chance."""
    all_of_them = tuple(of)
    chosen = tuple(one for one in all_of_them if chance.random() < share)
    return chosen or (chance.choice(all_of_them),)


def _at_rates(chance: random.Random, weights: Mapping[str, float]) -> dict[str, float]:
    """Return about half of the weights, some of them changed."""
    return {
        what: weights[what] * chance.choice((0.5, 1, 3)) for what in _part(chance, weights, 0.5)
    }


def _step(chance: random.Random, swarm: Swarm, of: Mapping[str, float]) -> Step:
    what = chance.choices(list(of), list(of.values()))[0]
    return (_STEPS | _EDITS)[what][1](chance, swarm)


def _go(chance: random.Random, swarm: Swarm) -> Step:
    who = chance.choices(list(swarm.workers), list(swarm.workers.values()))[0]
    points = TO_THE_END if chance.random() < swarm.whole else chance.choice(_POINTS)
    how = "take" if chance.random() < swarm.taken else chance.choice(swarm.faults)
    return worker(_where(chance) + who, how, points)


def _boot(chance: random.Random, _swarm: Swarm) -> Step:
    return Step("boot", _where(chance), chance.choice((99, 99, 99, 1, 2, 3)))


def _where(chance: random.Random) -> str:
    """Return the machine: mostly the first, else the copy."""
    return "B " if chance.random() < 0.05 else ""


def _said(what: str) -> Callable[[random.Random, Swarm], Step]:
    """Return a step of a person."""
    return lambda chance, swarm: Step(
        what, chance.choice(swarm.words[what]), chance.choice(swarm.readers)
    )


def _one(
    what: str, *names: str, numbers: Sequence[int] = (0,), hows: Sequence[str] = ("",)
) -> Callable[..., Step]:
    return lambda chance, _swarm: Step(
        what, chance.choice(names or ("",)), chance.choice(numbers), chance.choice(hows)
    )


def _staffed(chance: random.Random, _swarm: Swarm) -> Step:
    weights = deeds()
    deed = chance.choices(list(weights), list(weights.values()))[0]
    return Step("staff", deed, chance.randint(0, 99))


_WORKERS = dict(zip(WORKERS, (6, 3, 5, 3, 1), strict=True))
_WORDS = {
    "hand": "pause, resume, cancel, sent, resend, give up, go_back, reopen, report",
    "reader": (
        "leave, leave, leave_all, leave_list, unsubscribe, come_back, move, erase, delete, sneak, "
        "join, enroll, confirm, confirm, ask_to_move, export, pause, resume, suppress, lift, tag, "
        "rename"
    ),
    "event": (
        "delivered, opened, bounced, soft, complained, unsubscribed, bare bounced, "
        "bare complained, foreign, forged bounced, forged unsubscribed, storm, policy"
    ),
}
_STEPS: dict[str, tuple[float, Callable[[random.Random, Swarm], Step]]] = {
    "go": (20, _go),
    "wait": (4, lambda chance, swarm: Step("wait", "", chance.choice(swarm.waits))),
    "crash": (2, _one("crash")),
    "power": (1, _one("power")),
    "cut": (1, _one("cut", *WORKERS)),
    "lose": (1, _one("lose", *WORKERS, numbers=(1, 2, 3, 4), hows=("kept", "undone"))),
    "boot": (2.5, _boot),
    "older": (0.7, _one("older", numbers=(1, 2, 99), hows=("take",))),
    "hand": (4, _said("hand")),
    "hold": (0.7, _one("hold")),
    "release": (1, _one("release")),
    "reader": (4, _said("reader")),
    "event": (3, _said("event")),
    "import": (1, _one("import", "", "", "left", "old", numbers=(1, 2, 3, 4))),
    "undo import": (0.6, _one("undo import")),
    "staff": (2.5, _staffed),
    "chore": (2, lambda chance, _: Step("chore", chance.choice(CHORES), chance.randint(0, 99))),
    "back_up": (1.2, _one("back_up")),
    "restore": (0.8, _one("restore", "in place", "anew", numbers=(1, 2, 3))),
    "clone": (0.5, _one("clone", "files", "disk", numbers=(1,))),
    "jump": (1, _one("jump", numbers=(50, -50, 7200, -7200, -432_000))),
    "account": (1, _one("account", *PROVIDERS)),
    "rotate": (1, _one("rotate", *PROVIDERS)),
}
_WHICH, _NOTES, _DOORS = (0, 1), (0, 1, 1, 1, 2), ("", COMMAND)
_EDITS: dict[str, tuple[float, Callable[[random.Random, Swarm], Step]]] = {
    "approve": (8, _one("approve", *APPROVERS, numbers=_WHICH, hows=_DOORS)),
    "read": (2, _one("read", *APPROVERS, "sam", numbers=_WHICH)),
    "waive": (2, _one("waive", *APPROVERS, numbers=_WHICH, hows=_DOORS)),
    "override": (2, _one("override", *ADMINS, "ed", numbers=_WHICH, hows=_DOORS)),
    "revoke": (2, _one("revoke", *APPROVERS, numbers=_WHICH)),
    "dismiss": (0.3, _one("dismiss", "ed")),
    "start": (6, _one("start", "sam", "ada", "ed", numbers=_WHICH, hows=_DOORS)),
    "plan": (2, _one("plan", "sam", "ada", numbers=_WHICH, hows=_DOORS)),
    "undo": (1, _one("undo", "sam", "ed", numbers=_WHICH)),
    "schedule": (1, _one("schedule", "sam", numbers=_WHICH)),
    "hurry": (1, _one("hurry", "sam", numbers=_WHICH)),
    "unschedule": (1, _one("unschedule", "sam", numbers=_WHICH)),
    "edit": (3, _one("edit", "writer", "flo", "ed+home", numbers=_WHICH)),
    "draft": (2, _one("draft", "writer", numbers=_WHICH)),
    "submit": (3, _one("submit", "writer", numbers=_WHICH)),
    "embargo": (1, _one("embargo", "writer", numbers=_WHICH)),
    "until": (1, _one("until", "writer", numbers=_WHICH)),
    "gather": (3, _one("gather")),
    "note": (3, _one("chore", "note", numbers=_NOTES)),
    "write": (2, _one("write", "writer", "flo", numbers=(1,))),
    "hand in": (4, _one("hand in", "writer", "flo", "ed", numbers=(1,))),
    "take back": (1, _one("take back", "writer", numbers=(1,))),
    "comment": (0.5, _one("comment", "ed", "sam", numbers=_WHICH)),
    "copy": (0.5, _one("copy", "writer", numbers=_WHICH)),
    "send back": (1, _one("send back", "ed", "flo", numbers=_WHICH)),
    "test": (1.5, _one("test", "ed", "sam", numbers=_WHICH)),
}
"""The steps of staff in the kinds of ``EDITORIAL``."""


def first_broken(seeds: range, parts: Parts | None = None) -> int | None:
    """Return the first seed that breaks a rule."""
    for seed in seeds:
        if run(program(seed), parts).violation is not None:
            return seed
    return None


def explain(seed: int, parts: Parts | None = None, *, on_server: bool = False) -> str:
    """Return a short program that breaks the same rule, with its trace."""
    given = program(seed, on_server=on_server)
    violation = run(given, parts).violation
    if violation is None:
        return f"seed {seed}: every rule holds"

    def still(fewer: Program) -> bool:
        found = run(fewer, parts).violation
        return found is not None and found.rule is violation.rule

    short = shrink(given, still)
    trace = run(short, parts).trace
    return "\n".join([f"seed {seed}: {len(given.steps)} steps, {len(short.steps)} left", *trace])
