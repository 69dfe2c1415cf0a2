"""The figures of one mail, and its targets."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.judge.support import Support

SUPPORT = 88.0
SPAM = 0.0
WIDTH = 375
BYTES = 20_000
WORDS = 400
STANDARDS = "CSS1Compat"
_DEAREST = 5


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One mail before all judges. A judge that was missing said None."""

    name: str
    words: int
    has_images: bool
    html_bytes: int
    message_bytes: int
    texts: int = 1
    """The statement, and its translations in the same mail."""
    support: Support | None = None
    validate: tuple[str, ...] | None = None
    checker: tuple[str, ...] | None = None
    word: tuple[str, ...] | None = None
    """Faults that Outlook for Windows would show."""
    mode: str | None = None
    light: tuple[str, ...] | None = None
    dark: tuple[str, ...] | None = None
    width: int | None = None
    width_without_images: int | None = None
    width_without_styles: int | None = None
    spam: float | None = None
    spam_of_form: float | None = None
    """The points of those rules that the statement's words alone do not fire; asked above 0."""
    form_rules: tuple[str, ...] = ()
    parser: tuple[str, ...] | None = None
    """Defects by mail-parser."""
    stdlib: tuple[str, ...] | None = None
    """Defects by Python's own parser."""
    dkim: bool | None = None
    stable: bool = True


def missed(one: Figures) -> list[str]:
    """Each target that the mail misses, in a sentence with its figure."""
    return [f"{one.name}: {reason}" for reason in _reasons(one)]


def _reasons(one: Figures) -> Iterator[str]:
    if one.support and one.support.overall < SUPPORT:
        dearest = (f"{cost.feature} {cost.points:.1f}" for cost in one.support.costs[:_DEAREST])
        costs = f" (what costs most: {', '.join(dearest)})" if one.support.costs else ""
        yield f"caniemail {one.support.overall:.1f}, less than {SUPPORT:.1f}{costs}"
    yield from _objections(one)
    yield from _sight(one)
    # we answer for what a mail adds to its author's words, not for the words
    if one.spam_of_form is not None and one.spam_of_form > SPAM:
        rules = " ".join(one.form_rules)
        yield f"SpamAssassin {one.spam_of_form:.1f} for its form, more than {SPAM:.1f}: {rules}"
    if one.dkim is False:
        yield "a DKIM signature does not hold"
    most = BYTES * one.texts
    if one.words <= WORDS * one.texts and one.html_bytes >= most:
        yield f"{one.html_bytes:,} bytes of HTML, not less than {most:,}, for {one.words} words"
    if not one.stable:
        yield "rendered again, it gave other bytes"


def _objections(one: Figures) -> Iterator[str]:
    judges = {
        "vnu": one.checker,
        "html-validate": one.validate,
        "Word": one.word,
        "axe, light": one.light,
        "axe, dark": one.dark,
        "mail-parser": one.parser,
        "the standard library's parser": one.stdlib,
    }
    for judge, told in judges.items():
        for objection in told or ():
            yield f"{judge}: {objection}"


def _sight(one: Figures) -> Iterator[str]:
    widths = {
        "as it is": one.width,
        "without images": one.width_without_images,
        "without styles": one.width_without_styles,
    }
    for state, width in widths.items():
        if width is not None and width > WIDTH:
            yield f"{width} pixels wide {state}, more than {WIDTH}"
    if one.mode is not None and one.mode != STANDARDS:
        yield f"it is read in the mode {one.mode}, not {STANDARDS}"
