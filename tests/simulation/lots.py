"""The lots of a seed: the kind of workspace, its providers, and the steps of a program."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.simulation.cast import EDITORIAL, READERS, SETTINGS
from tests.simulation.chores import CHORES
from tests.simulation.documented import DOCUMENTED
from tests.simulation.editors import ADMINS, APPROVERS
from tests.simulation.host import PROVIDERS, WORKERS, Parts
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
    steps_of = _STEPS | _EDITS if kind in EDITORIAL else _STEPS
    traits, swarm = _traits(chance), _swarm(chance, steps_of)
    steps, most = [BOOT], chance.randint(6, 22)
    if not SETTINGS[kind].begun and chance.random() < _BEGUN:
        steps.append(LOOK)
    if kind in EDITORIAL:  # before the first look there is no statement
        steps, most = [BOOT, LOOK], chance.randint(10, 24)
    if SETTINGS[kind].shares:
        steps.append(Step("boot", "B ", TO_THE_END))
    while len(steps) <= most:
        step = _step(chance, swarm, swarm.steps)
        steps += [step, *_sequel(step, chance, swarm)]
    # most batches are left when the steps end, and all calls after them succeed
    steps += [worker("dispatch-1", chance.choice(swarm.faults)) for _ in range(3)]
    if SETTINGS[kind].shares:
        steps = [*_among_two(chance, steps, on_server=on_server)]
    return Program(kind=kind, traits=traits, steps=tuple(steps))


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
    if step.what == "approve" and chance.random() < _IN_DOUBT:
        return [*_in_doubt(chance, step), LOOK, *_PATIENCE]
    if step.what == "gather" and chance.random() < _HEARD:
        return [Step("chore", "note", 1), step]
    if step[:2] == ("reader", "move") and chance.random() < _HEARD:
        return [Step("import", "old", step.number)]
    if step.what in _SAID:
        return [*_agree(chance, step.number), LOOK]
    if step.what in _CHANGED:
        number = chance.choice((0, step.number or 1))
        return [LOOK, Step("approve", chance.choice(APPROVERS), number), LOOK]
    if step.what in _ANSWERED:
        return _of_late(step, chance)
    if step.what == "reader" and step.who in _MAILED and chance.random() < _HEARD:
        back = [Step("restore", "in place", _LAST), BOOT, Step("release")]
        return [Step("back_up"), worker("post"), *back, worker("post")]
    if step.what == "reader" and step.who in _MAILED:
        return [worker("post"), Step("reader", "confirm", chance.randint(0, 1))]
    if step.what == "back_up":
        sent = worker("dispatch-1", chance.choice(swarm.faults))
        return [sent, Step("restore", chance.choice(("in place", "anew")), _LAST), BOOT]
    return [_LIFTED[step[:2]]] if step[:2] in _LIFTED else []


def _go_on(step: Step, chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return steps after a task, or between its points."""
    if chance.random() < _DECIDED.get(step.how, 0):
        moved = _MOVES.get(step.how) if step.who in _SENDERS else None
        if moved and chance.random() < _MOVED:
            return _after_a_move(chance, moved)
        return _find_out(chance, swarm)
    if step.how in _REFUSALS and chance.random() < _TAKEN_UP:
        return [_REFUSALS[step.how]]
    if step.who in _SENDERS and step.number == TO_THE_END and chance.random() < _HEARD:
        return _hear(chance)
    if step.number == TO_THE_END or chance.random() > _DISTURBED:
        return []
    others = {what: weight for what, weight in swarm.steps.items() if what != "go"} or _ANY
    between = [_step(chance, swarm, others) for _ in range(chance.randint(1, 3))]
    resent = [BOOT, Step("hand", "resend")]
    between += chance.choices(([], [Step("power")], [BOOT], resent), (8, 1, 1, 0.5))[0]
    again = step._replace(number=TO_THE_END)
    if any(one.what in _ENDS for one in between):
        return [*between, BOOT]
    if all(one.what != "boot" for one in between):
        return [*between, again]
    older = Step("older", "", chance.choice((4, TO_THE_END)), "take")
    return [*between, step._replace(number=chance.choice((2, 5, TO_THE_END))), older, again]


def _hear(chance: random.Random) -> list[Step]:
    """Return events about one who may have left the address of the message."""
    reader = chance.randint(1, 3)
    left = [Step("reader", chance.choice(("move", "move", "erase", "leave", "leave_all")), reader)]
    event = Step("event", chance.choice(("bounced", "complained", "delivered")), reader - 1)
    return [*left, event]


def _agree(chance: random.Random, number: int) -> list[Step]:
    """Return the other approvals and the start that a statement may need."""
    another = Step("approve", chance.choice(APPROVERS), number)
    override = Step("override", chance.choice(ADMINS), number)
    more = chance.choice([[], [another], [another, another], [override]])
    return [*more, Step("start", "sam", number), *_PATIENCE[: 2 * chance.randint(0, 1)]]


def _in_doubt(chance: random.Random, step: Step) -> list[Step]:
    """Return what may end an approval before the next look."""
    who, number = step.who, step.number
    start, other = Step("start", "sam", number), Step("approve", chance.choice(APPROVERS), number)
    again = [Step("revoke", who, number), step]
    return chance.choice(
        (
            [Step("edit", "flo", number), LOOK, start],
            [Step("draft", "writer", chance.randint(0, 1))],
            [start, Step("edit", "flo", number)],
            [start, again[0]],
            [other, start, *again],
            [start, other],
            [Step("read", "sam", number), Step("import", "", 1), start],
            [other, start, Step("dismiss", "ed")],
            [other, start, Step("undo", "ed", number)],
            [Step("wait", "", 100), start],
        )
    )


def _of_late(step: Step, chance: random.Random) -> list[Step]:
    """Return what changes a thing after a person saw it or did it."""
    number = step.number
    if step.what == "import":
        acts = chance.choice(("leave_list", "leave", "pause", "come_back"))
        done = [Step("reader", acts, number)] * (step.who != "left")
        return [*done, Step("undo import"), *[step._replace(who="")] * chance.randint(0, 1)]
    if step.what == "chore" and step.who == "note":
        return [Step("gather")]
    if step.what == "until":  # also of the original of a correction
        first = [LOOK, Step("approve", "ed"), Step("plan", "sam"), LOOK]
        return [*first, Step("approve", "ed", 1), Step("start", "sam", 1), *_PATIENCE]
    if step.what == "schedule":
        timed = [Step("read", "ed", number), Step("hurry", "sam", number)]
        return [*timed, Step("approve", "ed", number), Step("wait", "", 100), LOOK]
    if step.what == "read" and step.who == "sam":
        changes = (Step("import", "", 1), Step("import", "many", 1), Step("reader", "scatter", 2))
        return [chance.choice(changes), Step("start", "sam", number), *_PATIENCE]
    if step.what == "plan":
        moved = chance.choice((Step("reader", "scatter", 1), Step("import", "many", 1)))
        return [moved, Step("wait", "", 400), LOOK]
    if step.what == "event" and step.who == "complained":
        reader = 1 + number % READERS
        bounced = [Step("event", "bounced", number), Step("reader", "lift", reader)]
        return chance.choice(([Step("reader", "move", reader)], bounced))
    return []


def _find_out(chance: random.Random, swarm: Swarm) -> list[Step]:
    """Return look-ups of unknown batches, with another step in the middle of one."""
    again = [worker("dispatch-1", chance.choice(swarm.faults))] * (chance.random() < _TRIED_AGAIN)
    look = worker("reconcile", chance.choice(("take", "stale")), chance.randint(1, 5))
    said = _meanwhile(chance)
    both = [look, *said] if chance.random() < _TRIED_AGAIN else [*said, look]
    return [*_looks(chance), *both, *again, *_looks(chance)]


def _after_a_move(chance: random.Random, moved: Sequence[str]) -> list[Step]:
    """Return a change of one who may have the message, and looks until silence counts."""
    look = (Step("wait", "", 300), worker("reconcile"))
    return [Step("reader", chance.choice(moved), chance.choice((1, 1, 2, 2, 3))), *look, *look]


def _looks(chance: random.Random) -> list[Step]:
    """Return some look-ups, each late enough that silence counts."""
    late = [Step("wait", "", 700), Step("wait", "", 300)]
    each = [(chance.choice(late), worker("reconcile", how)) for how in chance.choice(_LOOKS)]
    return [step for look in each for step in look]


def _meanwhile(chance: random.Random) -> list[Step]:
    """Return steps that resolve unknown batches, or change their readers or account."""
    decided = [Step("hand", chance.choice(_DECISIONS))]
    told = [Step("event", "delivered", chance.randint(0, 3))]
    moved = ("move", "erase", "leave_all")
    someone = [Step("reader", chance.choice(moved), chance.randint(1, 3))]
    rotated = [Step(chance.choice(("rotate", "account")), PROVIDERS[0]), BOOT]
    resent = [Step("hand", "resend"), worker("dispatch-1", "split"), *told]
    return chance.choice((decided, told, told, someone, someone, someone, rotated, resent))


_LOOKS: tuple[tuple[str, ...], ...] = (
    *((), (), ("take",), ("stale",), ("take", "take"), ("stale", "take")),
    *(("stale", "unreadable", "stale"), ("unreadable", "stale", "stale")),
)
_TRIED_AGAIN = 0.5
_SHARED, _OTHER = 0.6, 0.4
_OF_MACHINE = frozenset({"go", "crash", "power", "cut", "boot", "older", "lose"})
"""The steps of a machine."""
_ALONE = frozenset({"clone", "restore", "back_up", "account", "rotate", "jump"})
"""Steps of which none happens where two machines share the sending."""
_STATEMENTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 24, 28)
"""Points of a task if it also stops between the statements of a transaction."""
_SAID = frozenset({"approve", "waive", "override", "hand in"})
_CHANGED = frozenset({"edit", "draft", "embargo", "gather"})
_MAILED = frozenset({"join", "ask_to_move"})
_ENDS = frozenset({"crash", "power", "cut", "lose", "restore", "account", "rotate"})
_STARTED_AGAIN, _DISTURBED, _TAKEN_UP, _BEGUN, _HEARD = 0.9, 0.6, 0.6, 0.7, 0.1
_MOVED = 0.8
_MOVES = {"torn": ("erase",), "lose": ("move", "move", "erase", "rename")}
"""Changes of a reader that may follow a call, by its failure."""
_REFUSALS = {
    How.REDIRECT.value: Step("hand", "resume"),
    How.CONFIGURATION.value: Step("hand", "resume"),
    How.BUSY.value: Step("wait", "", 700),
    How.QUOTA.value: Step("wait", "", 100_000),
}
"""The failures after which nothing is sent for a time, and the step that ends it."""
_LIFTED = {("hold", ""): Step("release"), ("hand", "pause"): Step("hand", "resume")}
"""The steps after which nothing is sent, and those that end it."""
_FAULTS = [one.value for one in How if one is not How.TAKE and one.value not in _REFUSALS]
_DECIDED = dict.fromkeys(("lose", "silent", "drop", "torn", "half", "unreadable"), 0.4)
"""How often ``_find_out`` follows a call, by its failure."""
_DECISIONS = ("sent", "resend", "resend", "give up")
_SENDERS = frozenset({"dispatch-1", "dispatch-2"})
_POINTS = (1, 2, 2, 3, 4, 5, 6, 6, 6, 7)
_IN_DOUBT = 0.4
_ANSWERED = frozenset({"import", "chore", "until", "schedule", "read", "plan", "event"})
_PATIENCE = (Step("wait", "", 100), LOOK)
_LAST = -1
"""The newest backup."""
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
        readers=_part(chance, range(1, READERS + 1), 0.4),
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


def _one(what: str, *names: str, numbers: tuple[int, ...] = (0,)) -> Callable[..., Step]:
    return lambda chance, _swarm: Step(
        what, chance.choice(names) if names else "", chance.choice(numbers)
    )


def _staffed(chance: random.Random, _swarm: Swarm) -> Step:
    weights = deeds()
    deed = chance.choices(list(weights), list(weights.values()))[0]
    return Step("staff", deed, chance.randint(0, 99))


_WORKERS = dict(zip(WORKERS, (6, 3, 5, 3, 1), strict=True))
_WORDS = {
    "hand": "pause, resume, cancel, sent, resend, give up, go_back, reopen",
    "reader": (
        "leave, leave, leave_all, leave_list, unsubscribe, come_back, move, erase, delete, sneak, "
        "join, join, confirm, confirm, ask_to_move, export, pause, resume, suppress, lift, tag, "
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
    "lose": (
        1,
        lambda chance, _: Step(
            "lose", chance.choice(WORKERS), chance.randint(1, 4), chance.choice(("kept", "undone"))
        ),
    ),
    "boot": (2.5, _boot),
    "older": (1.5, lambda chance, _: Step("older", "", chance.choice((1, 2, 99)), "take")),
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
_WHICH = (0, 1)
_EDITS: dict[str, tuple[float, Callable[[random.Random, Swarm], Step]]] = {
    "approve": (8, _one("approve", *APPROVERS, numbers=_WHICH)),
    "read": (2, _one("read", *APPROVERS, "sam", numbers=_WHICH)),
    "waive": (2, _one("waive", *APPROVERS, numbers=_WHICH)),
    "override": (2, _one("override", *ADMINS, numbers=_WHICH)),
    "revoke": (2, _one("revoke", *APPROVERS, numbers=_WHICH)),
    "dismiss": (0.3, _one("dismiss", "ed")),
    "start": (6, _one("start", "sam", "ada", "ed", numbers=_WHICH)),
    "plan": (1, _one("plan", "sam", "ada", numbers=_WHICH)),
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
