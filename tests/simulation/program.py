"""Programs of steps. Any step can be left out to shrink a program."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.simulation.expected import Violation
from tests.simulation.host import PROVIDERS, Parts
from tests.simulation.service import How
from tests.simulation.world import TO_THE_END, World


class Step(NamedTuple):
    """One thing that happens."""

    what: str
    who: str = ""
    number: int = 0
    how: str = ""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self if part not in ("", 0))

    @classmethod
    def read(cls, words: str) -> "Step":
        """Read a step as a trace has it."""
        what = next((one for one in _TWO_WORDS if words.startswith(one)), words.partition(" ")[0])
        rest = _REST.fullmatch(words[len(what) + 1 :])
        who, number, how = rest.groups("") if rest else ("", "0", "")
        return cls(what, who, int(number or 0), how)


_TWO_WORDS = ("undo import", "hand in", "take back", "send back")
_REST = re.compile(r"(.*?)(?:(?:^| )(-?\d+)(?: (\D+))?)?")
BOOT = Step("boot")


def worker(who: str, how: str = "take", points: int = TO_THE_END) -> Step:
    """Return the step that runs a worker to the end of its task, or over some points."""
    return Step("go", who, points, how)


LOOK = worker("look")


@dataclass(frozen=True, kw_only=True)
class Program:
    """The steps of one run."""

    kind: str
    """The kind of workspace."""
    traits: str
    """The traits or kind of the provider, and after a slash those of a second one."""
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, words: str) -> "Program":
        """Read "kind, traits: step; step", whose steps follow the start of a process."""
        about, _, rest = words.partition(":")
        kind, traits = about.split(", ")
        steps = (Step.read(one.strip()) for one in rest.split(";") if one.strip())
        return cls(kind=kind, traits=traits, steps=(BOOT, *steps))


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a run."""

    trace: tuple[str, ...]
    violation: Violation | None


def take(world: World, step: Step) -> None:
    """Do one step. Skip it if it is impossible now."""
    how = How(step.how) if step.what in {"go", "older"} and step.how else How.TAKE
    host, who = world.hosts[-1 if step.who.startswith("B ") else 0], step.who.removeprefix("B ")
    deeds: dict[str, Callable[[], object]] = {
        "go": lambda: world.go(host, who, step.number, how),
        "older": lambda: world.older(host, step.number, how),
        "boot": lambda: world.boot(host, step.number or TO_THE_END),
        "wait": lambda: world.wait(step.number),
        "crash": lambda: world.crash(host),
        "power": lambda: world.crash(host, power=True),
        "cut": lambda: world.cut_off(host, who),
        "lose": lambda: world.lose(host, who, step.number, step.how),
        "hand": lambda: world.people.hand(host, step.who, step.number),
        "hold": lambda: world.people.hold(host),
        "release": lambda: world.people.release(host),
        "reader": lambda: world.people.reader(host, step.who, step.number),
        "event": lambda: world.people.event(host, step.who, step.number),
        "import": lambda: world.people.import_file(host, step.number, step.who),
        "undo import": lambda: world.people.undo_import(host),
        "chore": lambda: world.chores.act(host, step.who, step.number),
        "staff": lambda: world.colleagues.act(host, step.who, step.number),
        "back_up": lambda: world.backups and world.back_up(host),
        "restore": lambda: world.restore(host, step.number, in_place=step.who == "in place"),
        "clone": lambda: world.clone(host, image_of_disk=step.who == "disk"),
        "jump": lambda: world.jump(host, step.number),
        "account": lambda: world.change_account(host, of=step.who or PROVIDERS[0]),
        "rotate": lambda: world.change_account(host, of=step.who or PROVIDERS[0], rotates=True),
    }
    if step.what in deeds:
        deeds[step.what]()
    else:
        world.editors.act(host, step.what, step.who, step.number, step.how)


def run(given: Program, parts: Parts | None = None) -> Result:
    """Run a program to its end, or until it breaks a rule."""
    world = World(given.kind, given.traits, parts or Parts())
    # each commit that may be lost costs a copy
    happens = {step.what for step in given.steps}
    world.loses = world.loses and "power" in happens
    if "restore" in happens:
        world.back_up(world.hosts[0])
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
    """Leave out steps while the program breaks the same rule: first many, then one by one."""
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
