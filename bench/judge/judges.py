"""Which judges there are on this machine, and what to do about those that are missing."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

from bench.judge.browser import AXE
from bench.judge.markup import JAR, MODULES


class Judge(Enum):
    """What judges a mail. The value is how it is made to be there."""

    MARKUP = "caniemail and html-validate: install Node 20 with npm, then run 'make judge'"
    """How mail programs support it, and whether it is well-formed HTML."""
    CHECKER = "the W3C's checker: install Java 17 and Node 20 with npm, then run 'make judge'"
    """Whether it is HTML by the standard."""
    BROWSER = "axe-core in Chromium: apt-get install chromium; Node 20 with npm; 'make judge'"
    """Whether people with poor sight can read it, and whether it fits a telephone."""
    SPAM = "SpamAssassin: apt-get install spamassassin"
    """Whether a spam filter objects."""
    PARSER = "mail-parser: pip install '.[judge]'"
    """Whether it is a message by the standard."""
    SIGNATURE = "dkimpy: pip install '.[judge]'"
    """Whether a signature holds."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What can be looked up on a machine."""

    has_program: Callable[[str], bool]
    has_module: Callable[[str], bool]
    has_package: Callable[[str], bool]
    """A package of npm."""


def this_machine() -> Machine:
    """The one that this runs on."""
    return Machine(
        has_program=lambda name: shutil.which(name) is not None,
        has_module=lambda name: find_spec(name) is not None,
        has_package=lambda name: (MODULES / name).is_dir(),
    )


def absent(machine: Machine) -> list[Judge]:
    """The judges that cannot be asked."""
    program, module, package = machine.has_program, machine.has_module, machine.has_package
    there = {
        Judge.MARKUP: program("node") and package("caniemail") and package("html-validate"),
        Judge.CHECKER: program("java") and package(JAR.relative_to(MODULES).parts[0]),
        Judge.BROWSER: (
            program("chromium")
            and module("playwright")
            and package(AXE.relative_to(MODULES).parts[0])
        ),
        Judge.SPAM: program("spamassassin"),
        Judge.PARSER: module("mailparser"),
        Judge.SIGNATURE: module("dkim"),
    }
    return [judge for judge, is_there in there.items() if not is_there]
