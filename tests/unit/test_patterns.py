"""No regular expression of the program takes longer than its text is long.

A search engine that goes back can need the square of a text's length, or worse: then one page of a
feed stops the sending. So each pattern is held against texts made to be expensive for it.
"""

import re

import pytest

from tests.attacks.cost import attacks, steep
from tests.attacks.patterns import all_patterns
from tests.rows import rows

pytestmark = pytest.mark.slow("every pattern against long texts")

_SHORT = {
    "newsletter.documents.release.waiting:HELD_UNTIL_PATTERN": 240,
    "newsletter.documents.release.lines:_DATELINE_PATTERN": 200,
}
"""Patterns that are only held against the beginning of a text, or a text so short: letters."""

_OURS = {
    "newsletter.cli.workspace.setup:_SETTING_LINE_PATTERN": "lines of our own example",
    "newsletter.config.document:_VARIABLE_PATTERN": "the workspace's own configuration",
    "newsletter.rendering.mail.inlining:_STYLE_OR_LINK_PATTERN": "mail that our templates made",
    "newsletter.rendering.markdown.markup:_TABLE_HEAD_PATTERN": "HTML that our parser made",
    "newsletter.rendering.preview:_INVISIBLE_PATTERN": "mail that our templates made",
    "newsletter.rendering.preview:_STYLE_PATTERN": "mail that our templates made",
    "newsletter.store.postgresql_words:_DIALECT_COMMENT_PATTERN": "SQL of our own, without values",
    "newsletter.store.postgresql_words:_TRIGGER_PATTERN": "SQL of our own, without values",
}
"""Patterns that no text from outside reaches: in a mail, every < of others is written &lt;."""

_AS_IT_RUNS = {
    "newsletter.credentials.codes": "with a number of digits of our own",
    "newsletter.credentials.passwords": "one word as it is, in a password that may not be long",
    "newsletter.tables": "tables of our own, read when a module begins",
    "newsletter.domain.setting": "forms of names, in the workspace's own configuration",
    "newsletter.domain.statements.weekdays": "made at the start, and in its table of patterns",
    "newsletter.providers.mailtrap.send": "a few words, held against one line of an answer",
    "newsletter.runtime.backups": "a prefix and digits, in names of files of our own",
    "newsletter.store.archive": "letters with the marks of Unicode, one letter at a time",
    "newsletter.subscriber_files.encodings": "two or three letters side by side, of our own tables",
    "newsletter.web.desk.page": "names of staff as they are, in a comment of staff",
}


def test_a_pattern_takes_no_longer_than_its_text_is_long(subtests: pytest.Subtests) -> None:
    tried = set()
    for used in all_patterns()[0]:
        trial = (used.pattern, *sorted(used.ways), _SHORT.get(used.where))
        if used.where in _OURS or trial in tried:  # some have two names
            continue
        tried.add(trial)
        with subtests.test(used.where):
            for way in sorted(used.ways):
                for attack in attacks(used.pattern):
                    wrong = steep(used.pattern, way, attack, longest=_SHORT.get(used.where))
                    assert not wrong, f"{way} {attack(40)!r}…: {wrong}"


def test_no_group_is_possessive(subtests: pytest.Subtests) -> None:
    # Python before 3.11.5 finds wrong ends for it, or fills memory: python/cpython#106052
    for used in all_patterns()[0]:
        with subtests.test(used.where):
            plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", str(used.pattern.pattern))
            assert not re.search(r"\)(?:[*+?]|\{[\d,]+\})\+", plain)


def test_a_pattern_that_is_made_as_the_program_runs_is_known_here() -> None:
    assert {where.partition(":")[0] for where in all_patterns()[1]} == _AS_IT_RUNS.keys()


def test_what_is_said_of_a_pattern_here_is_said_of_one_that_there_is() -> None:
    assert _SHORT.keys() | _OURS.keys() <= {one.where for one in all_patterns()[0]}


@rows(
    ["pattern", "text"],
    [(r"\s*<!DOCTYPE", " "), (r"a*b", "a"), (r"<p[^>]*>", "<p"), (r"\S+@x", "a")],
)
def test_a_pattern_that_goes_back_and_back_would_be_found(pattern: str, text: str) -> None:
    def attack(length: int) -> str:
        return text * (length // len(text))

    # a busy machine may hide it once: the measurement errs on the side of the pattern
    assert any(steep(re.compile(pattern), "search", attack) for _ in range(10))
