"""A seed gives a program: a list of steps, each of which can be left out. So it can be shrunk."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulation.database import KINDS, READERS
from tests.simulation.host import WORKERS, Parts
from tests.simulation.oracle import Violation
from tests.simulation.service import TRAITS, How
from tests.simulation.world import World


class Step(NamedTuple):
    """One thing that happens."""

    what: str
    who: str = ""
    number: int = 0
    how: str = ""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self if part not in ("", 0))


BOOT = Step("boot")


def worker(who: str, how: str = "take", points: int = 99) -> Step:
    """Somebody goes on to the end of a deed, or over so many points of it."""
    return Step("go", who, points, how)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What happens in one run."""

    kind: str
    """Of workspace."""
    traits: str
    """Of the provider; after a stroke, those of a second one to fail over to."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of it."""

    trace: tuple[str, ...]
    violation: Violation | None


def program(seed: int) -> Program:
    """The same for the same seed, on any machine."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    kind = chance.choices(KINDS, (2, 4, 2, 1.5, 0.3))[0]
    return Program(
        kind=kind,
        traits=_traits(chance),
        steps=(BOOT, *(_step(chance) for _ in range(chance.randint(6, 22)))),
    )


def _traits(chance: random.Random) -> str:
    first, second = chance.choice(sorted(TRAITS)), chance.choice(sorted(TRAITS))
    return f"{first}/{second}" if chance.random() < 0.25 else first


def _step(chance: random.Random) -> Step:
    what = chance.choices(list(_STEPS), [weight for weight, _ in _STEPS.values()])[0]
    return _STEPS[what][1](chance)


def _go(chance: random.Random) -> Step:
    who = chance.choices(WORKERS, (6, 3, 5, 3, 1))[0]
    # as a rule to its end, else to some point on the way
    points = 99 if chance.random() < 0.5 else chance.randint(1, 6)
    how = "take" if chance.random() < 0.4 else chance.choice([one.value for one in How])
    return worker(_where(chance) + who, how, points)


def _boot(chance: random.Random) -> Step:
    return Step("boot", _where(chance), chance.choice((99, 99, 99, 1, 2, 3)))


def _where(chance: random.Random) -> str:
    """On which machine: the second is a copy, if there is one."""
    return "B " if chance.random() < 0.05 else ""


def _some(what: str, *names: str, most: int = READERS) -> Callable[[random.Random], Step]:
    return lambda chance: Step(what, chance.choice(names) if names else "", chance.randint(1, most))


_STEPS: dict[str, tuple[float, Callable[[random.Random], Step]]] = {
    "go": (20, _go),
    "wait": (
        4,
        lambda chance: Step("wait", "", chance.choice((5, 20, 40, 100, 300, 700, 100_000))),
    ),
    "crash": (2, lambda _: Step("crash")),
    "power": (0.6, lambda _: Step("power")),
    "cut": (0.5, lambda chance: Step("cut", chance.choice(WORKERS))),
    "boot": (2.5, _boot),
    "older": (1, lambda chance: Step("older", "", chance.choice((1, 2, 99)), "take")),
    "hand": (
        3,
        _some(
            "hand", "pause", "resume", "resume", "cancel", "sent", "resend", "give up", "go_back"
        ),
    ),
    "hold": (0.7, lambda _: Step("hold")),
    "release": (1, lambda _: Step("release")),
    "reader": (4, _some("reader", "leave", "leave_all", "come_back", "move", "erase", "join")),
    "event": (
        3,
        _some(
            "event",
            "delivered",
            "opened",
            "bounced",
            "soft",
            "complained",
            "unsubscribed",
            "foreign",
        ),
    ),
    "back_up": (1.2, lambda _: Step("back_up")),
    "restore": (0.8, _some("restore", "in place", "anew", most=3)),
    "clone": (0.5, _some("clone", "files", "disk", most=1)),
    "jump": (1, lambda chance: Step("jump", "", chance.choice((50, -50, 7200, -7200, -432_000)))),
    "account": (0.6, lambda _: Step("account")),
}


def take(world: World, step: Step) -> None:
    """Let one step happen. What is impossible at the moment is left out."""
    how = How(step.how) if step.how else How.TAKE
    host = world.hosts[-1 if step.who.startswith("B ") else 0]
    deeds: dict[str, Callable[[], object]] = {
        "go": lambda: world.go(host, step.who.removeprefix("B "), step.number, how),
        "older": lambda: world.older(host, step.number, how),
        "boot": lambda: world.boot(host, step.number or 99),
        "wait": lambda: world.wait(step.number),
        "crash": lambda: world.crash(host),
        "power": lambda: world.crash(host, power=True),
        "cut": lambda: world.cut_off(host, step.who),
        "hand": lambda: world.people.hand(host, step.who, step.number),
        "hold": lambda: world.people.hold(host),
        "release": lambda: world.people.release(host),
        "reader": lambda: world.people.reader(host, step.who, step.number),
        "event": lambda: world.people.event(host, step.who, step.number),
        "back_up": lambda: world.back_up(host),
        "restore": lambda: world.restore(host, step.number, in_place=step.who == "in place"),
        "clone": lambda: world.clone(host, image_of_disk=step.who == "disk"),
        "jump": lambda: world.jump(host, step.number),
        "account": lambda: world.change_account(host),
    }
    deeds[step.what]()


def run(given: Program, parts: Parts | None = None) -> Result:
    """Run it to its end, or until a rule is broken."""
    world = World(given.kind, given.traits, parts or Parts())
    violation = None
    world.say(f"{given.kind}, provider {given.traits}")
    try:
        for step in given.steps:
            world.say(f"{world.now:%d %H:%M:%S} {step}")
            take(world, step)
        world.say("the end: all come to rest")
        world.end()
    except Violation as broken:
        violation = broken
        world.say(f"BROKEN {broken}")
    finally:
        world.clear()
    return Result(trace=tuple(world.trace), violation=violation)


def shrink(given: Program, still_broken: Callable[[Program], bool]) -> Program:
    """Leave out steps as long as the same rule is broken: first many at once, then one by one."""
    steps, size = list(given.steps), max(1, len(given.steps) // 2)
    while True:
        at, left_out = 0, False
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if still_broken(_with(given, fewer)):
                steps, left_out = fewer, True
            else:
                at += size
        if size == 1 and not left_out:
            return _with(given, steps)
        size = max(1, size // 2)


def _with(given: Program, steps: Sequence[Step]) -> Program:
    return Program(kind=given.kind, traits=given.traits, steps=tuple(steps))


def first_broken(seeds: range, parts: Parts | None = None) -> int | None:
    """The first seed with which a rule is broken."""
    for seed in seeds:
        if run(program(seed), parts).violation is not None:
            return seed
    return None


def explain(seed: int, parts: Parts | None = None) -> str:
    """The shortest program found that breaks the same rule, and all that happens in it."""
    given = program(seed)
    violation = run(given, parts).violation
    if violation is None:
        return f"seed {seed}: every rule holds"

    def still(fewer: Program) -> bool:
        found = run(fewer, parts).violation
        return found is not None and found.rule is violation.rule

    short = shrink(given, still)
    trace = run(short, parts).trace
    return "\n".join([f"seed {seed}: {len(given.steps)} steps, {len(short.steps)} left", *trace])
