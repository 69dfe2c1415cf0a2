"""All judges over all mails: who is there is asked, and who says nothing is named."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.judge import browser, envelope, markup, word
from bench.judge.figures import SPAM, Figures
from bench.judge.judges import Judge, absent, asleep, sentinel, this_machine
from bench.judge.mail import Mail

_Told = dict[str, Any]
"""Fields of Figures."""
_Ask = Callable[[Sequence[Mail]], list[_Told]]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The remarks, and the judges without one."""

    figures: list[Figures]
    silent: Mapping[Judge, str]
    """Judges that are missing, failed or are asleep, and why."""


def judge(mails: Sequence[Mail], stable: Sequence[bool]) -> Judged:
    """Ask every judge about each mail. ``stable`` is known of each already."""
    shown = [*mails, sentinel()]
    silent = absent(this_machine())
    answers: dict[Judge, list[_Told]] = {}
    for one, ask in _ASKS.items():
        if one not in silent:
            try:
                answers[one] = ask(shown)
            except Exception as error:  # whatever a judge dies of: it has said nothing
                silent[one] = f"failed: {_why(error)}"
    figures = _figures(shown, [*stable, True], answers)
    sleepers = asleep(figures[-1])
    awake = {one: answer for one, answer in answers.items() if one not in sleepers}
    return Judged(figures=_figures(mails, stable, awake), silent=silent | sleepers)


def _why(error: Exception) -> str:
    reason = str(error)
    if isinstance(error, subprocess.CalledProcessError):
        output = error.stderr or error.stdout or b""
        reason += (
            ": " + (output if isinstance(output, str) else output.decode(errors="replace")).strip()
        )
    return " ".join(reason.split())[:300]


def _figures(
    mails: Sequence[Mail], stable: Sequence[bool], answers: Mapping[Judge, Sequence[_Told]]
) -> list[Figures]:
    """For each mail what its judges said; they may have been shown more mails after these."""
    return [
        Figures(
            name=mail.name,
            words=mail.words,
            texts=mail.texts,
            has_images=mail.has_images,
            html_bytes=len(mail.html.encode()),
            message_bytes=len(mail.message),
            stable=stable[place],
            **{field: value for told in answers.values() for field, value in told[place].items()},
        )
        for place, mail in enumerate(mails)
    ]


@contextmanager
def _files(mails: Sequence[Mail]) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory(prefix="newsletter-judge-") as made:
        files = [Path(made) / f"{number}.html" for number in range(len(mails))]
        for file, mail in zip(files, mails, strict=True):
            file.write_text(mail.html, encoding="utf-8")
        yield files


def _markup(mails: Sequence[Mail]) -> list[_Told]:
    with _files(mails) as files:
        return [vars(one) for one in markup.examine(files)]


def _checker(mails: Sequence[Mail]) -> list[_Told]:
    with _files(mails) as files:
        return [{"checker": errors} for errors in markup.check(files)]


def _word(mails: Sequence[Mail]) -> list[_Told]:
    return [{"word": word.objections(mail.html)} for mail in mails]


def _sights(mails: Sequence[Mail]) -> list[_Told]:
    with browser.eyes() as eyes:
        return [vars(eyes.look(mail.html)) for mail in mails]


def _spam(mails: Sequence[Mail]) -> list[_Told]:
    reports = envelope.spam([mail.message for mail in mails])
    told: list[_Told] = [{"spam": report.score} for report in reports]
    doubtful = [place for place, report in enumerate(reports) if report.score > SPAM]
    for place, words in zip(
        doubtful, envelope.spam([mails[place].bare for place in doubtful]), strict=True
    ):
        form = reports[place].beyond(words)
        rules = tuple(rule for rule, points in form.rules.items() if points)
        told[place] |= {"spam_of_form": form.score, "form_rules": rules}
    return told


def _parser(mails: Sequence[Mail]) -> list[_Told]:
    return [
        {
            "parser": envelope.parser_defects(mail.message),
            "stdlib": envelope.stdlib_defects(mail.message),
        }
        for mail in mails
    ]


def _signature(mails: Sequence[Mail]) -> list[_Told]:
    signing = envelope.Signing()
    return [{"dkim": signing.holds(mail.message)} for mail in mails]


_ASKS: Mapping[Judge, _Ask] = {
    Judge.MARKUP: _markup,
    Judge.CHECKER: _checker,
    Judge.WORD: _word,
    Judge.BROWSER: _sights,
    Judge.SPAM: _spam,
    Judge.PARSER: _parser,
    Judge.SIGNATURE: _signature,
}
