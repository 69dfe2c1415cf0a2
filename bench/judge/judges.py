"""The judges of a mail, and those that this machine lacks."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec

from bench.judge.browser import AXE
from bench.judge.figures import SPAM, STANDARDS, SUPPORT, WIDTH, Figures
from bench.judge.mail import Mail
from bench.judge.markup import JAR, MODULES


class Judge(Enum):
    """A judge of a mail; the value names it."""

    MARKUP = "caniemail and html-validate"
    """Whether mail programs support it, and whether it is well-formed."""
    CHECKER = "vnu"
    """Whether it is HTML by the standard."""
    WORD = "the rules of Word"
    """Faults that Outlook for Windows would show."""
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
    """The lookups on a machine."""

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
        Judge.WORD: True,
        Judge.SPAM: program("spamassassin"),
        Judge.PARSER: module("mailparser"),
        Judge.SIGNATURE: module("dkim"),
    }
    return {
        judge: f"is missing: {_REMEDIES[judge]}"
        for judge, is_there in there.items()
        if not is_there
    }


# no doctype, no language, no title; grey on white, and in dark too; wider than any telephone
_HTML = """\
<html><head><style>
.a{display:grid;position:sticky;filter:blur(0);object-fit:cover;mix-blend-mode:normal}
.b{display:flex;gap:1px;clip-path:none;transform:none;animation:x 1s;transition:none}
</style></head><body style="background:#fff">
<p id="a" style="color:#ddd">Nobody can read this.</p><p id="a"><b>Twice</p></b>
<img src="https://forum.example/a.png"><video></video><svg></svg><form><input></form>
<table width="900" style="width:900px"><tr><td>wide</td></tr></table>
</body></html>
"""
# no date, no Message-ID, and a boundary that never comes
_MESSAGE = (
    b"From: winner@forum.example\r\nTo: ana@readers.example\r\nSubject: FREE MONEY\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="never"\r\n\r\nx\r\n'
)
_BARE = (
    b"From: news@forum.example\r\nTo: ana@readers.example\r\nSubject: Hello\r\n"
    b"Date: Mon, 05 Jan 2026 14:00:00 +0000\r\nMessage-ID: <1@forum.example>\r\n\r\nx\r\n"
)


def sentinel() -> Mail:
    """The mail."""
    return Mail(name="sentinel", words=1, has_images=True, html=_HTML, message=_MESSAGE, bare=_BARE)


def asleep(one: Figures) -> dict[Judge, str]:
    """The judges that overlooked something in the sentinel, and what."""
    found: dict[Judge, list[str]] = {}
    for judge, what, objected in _answers(one):
        if objected is False:
            found.setdefault(judge, []).append(what)
    return {judge: f"saw nothing wrong in {', '.join(what)}" for judge, what in found.items()}


def _answers(one: Figures) -> Iterator[tuple[Judge, str, bool | None]]:
    """The judge, its subject, and whether it objects; None: there was no answer."""

    def objected(told: tuple[str, ...] | None) -> bool | None:
        return None if told is None else bool(told)

    def wide(width: int | None) -> bool | None:
        return None if width is None else width > WIDTH

    overall = one.support.overall if one.support else None
    few = "features that few programs have"
    yield Judge.MARKUP, few, None if overall is None else overall < SUPPORT
    yield Judge.MARKUP, "a broken page", objected(one.validate)
    yield Judge.CHECKER, "a broken page", objected(one.checker)
    yield Judge.WORD, "a picture without a width", objected(one.word)
    yield Judge.BROWSER, "grey on white", objected(one.light)
    yield Judge.BROWSER, "grey on white, in dark", objected(one.dark)
    quirks = None if one.mode is None else one.mode != STANDARDS
    yield Judge.BROWSER, "a page without a doctype", quirks
    for width in (one.width, one.width_without_images, one.width_without_styles):
        yield Judge.BROWSER, "a table of 900 pixels", wide(width)
    yield Judge.SPAM, "free money", None if one.spam is None else (one.spam_of_form or 0) > SPAM
    yield Judge.PARSER, "a message without an end", objected(one.parser)
    yield Judge.PARSER, "the same, by the standard library", objected(one.stdlib)
