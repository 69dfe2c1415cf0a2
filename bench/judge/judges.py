"""Who judges a mail, and who of them is missing on this machine."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

from bench.judge.browser import AXE
from bench.judge.markup import JAR, MODULES


class Judge(Enum):
    """Whom a mail is put before; the value names it."""

    MARKUP = "caniemail and html-validate"
    """Whether mail programs support it, and whether it is well-formed."""
    CHECKER = "vnu"
    """Whether it is HTML by the standard."""
    BROWSER = "axe-core in Chromium"
    """Whether people with poor sight can read it, and whether it fits a telephone."""
    SPAM = "SpamAssassin"
    """Whether a spam filter objects."""
    PARSER = "mail-parser and the standard library's"
    """Whether it is a message by the standard."""
    SIGNATURE = "dkimpy"
    """Whether a signature holds."""


_REMEDIES = {
    Judge.MARKUP: "install Node 20 with npm, then run 'make judge'",
    Judge.CHECKER: "install Java 17, and Node 20 with npm, then run 'make judge'",
    Judge.BROWSER: "install chromium, and Node 20 with npm, then run 'make judge'",
    Judge.SPAM: "install spamassassin",
    Judge.PARSER: "run 'make judge', or pip install '.[judge]'",
    Judge.SIGNATURE: "run 'make judge', or pip install '.[judge]'",
}


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


def absent(machine: Machine) -> dict[Judge, str]:
    """The judges that cannot be asked there, and what to do about each."""
    program, module, package = machine.has_program, machine.has_module, machine.has_package
    jar, axe = (path.relative_to(MODULES).parts[0] for path in (JAR, AXE))
    there = {
        Judge.MARKUP: program("node") and package("caniemail") and package("html-validate"),
        Judge.CHECKER: program("java") and package(jar),
        Judge.BROWSER: program("chromium") and module("playwright") and package(axe),
        Judge.SPAM: program("spamassassin"),
        Judge.PARSER: module("mailparser"),
        Judge.SIGNATURE: module("dkim"),
    }
    return {
        judge: f"is missing: {_REMEDIES[judge]}"
        for judge, is_there in there.items()
        if not is_there
    }
