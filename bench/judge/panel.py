"""All judges over all mails: who is there is asked, who is not says nothing."""

import tempfile
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.judge import browser, envelope, markup
from bench.judge.figures import Figures
from bench.judge.judges import Judge
from bench.judge.mail import Mail

_Told = dict[str, Any]
"""Fields of Figures."""


def judge(
    mails: Sequence[Mail], stable: Sequence[bool], missing: Collection[Judge]
) -> list[Figures]:
    """Figures for each mail, in their order."""
    told: list[_Told] = [{"stable": one} for one in stable]
    for several in (
        _markup(mails, missing),
        [] if Judge.BROWSER in missing else _sights(mails),
        _messages(mails, missing),
    ):
        for known, more in zip(told, several, strict=bool(several)):
            known.update(more)
    return [_figures(mail, fields) for mail, fields in zip(mails, told, strict=True)]


def _figures(mail: Mail, told: _Told) -> Figures:
    return Figures(
        name=mail.name,
        words=mail.words,
        has_images=mail.has_images,
        html_bytes=len(mail.html.encode()),
        message_bytes=len(mail.message),
        **told,
    )


def _markup(mails: Sequence[Mail], missing: Collection[Judge]) -> list[_Told]:
    told: list[_Told] = [{} for _ in mails]
    with tempfile.TemporaryDirectory(prefix="newsletter-judge-") as made:
        files = [Path(made) / f"{number}.html" for number in range(len(mails))]
        for file, mail in zip(files, mails, strict=True):
            file.write_text(mail.html, encoding="utf-8")
        if Judge.MARKUP not in missing:
            for known, one in zip(told, markup.examine(files), strict=True):
                known.update(support=one.support, validate=one.validate)
        if Judge.CHECKER not in missing:
            for known, errors in zip(told, markup.check(files), strict=True):
                known.update(checker=errors)
    return told


def _sights(mails: Sequence[Mail]) -> list[_Told]:
    with browser.eyes() as eyes:
        return [vars(eyes.look(mail.html)) for mail in mails]


def _messages(mails: Sequence[Mail], missing: Collection[Judge]) -> list[_Told]:
    signing = None if Judge.SIGNATURE in missing else envelope.Signing()

    def ask(mail: Mail) -> _Told:
        told: _Told = {}
        if Judge.SPAM not in missing:
            spam = envelope.spam(mail.message)
            told |= {"spam": spam.score, "spam_rules": spam.rules}
        if Judge.PARSER not in missing:
            defects = envelope.parser_defects(mail.message)
            told["defects"] = defects + envelope.stdlib_defects(mail.message)
        if signing is not None:
            told["dkim"] = signing.holds(mail.message)
        return told

    with ThreadPoolExecutor(2) as pool:  # SpamAssassin takes most of a second to start
        return list(pool.map(ask, mails))
