"""Documents and docstrings are plain: limits on words, and on phrases that send a reader back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_docs import DOCS, ROOT, name, read
from tools.reference.modules import statements

MAX_WORDS = 35_200
MAX_DECISION_WORDS = 250
WORD = re.compile(r"[A-Za-z][\w'’-]*")
GENERATED = re.compile(r"(?s)<!-- Generated.*?(?:<!-- Here it ends\. -->|\Z)")
LIMITS = {
    r"\bwhom?ever\b": 0,
    r"\bnobody\b": 0,
    r"\banew\b": 0,
    r"\bbeside\b": 1.5,
    r"\b(?:meanwhile|thereby|therein)\b": 1,
    r"\bha(?:s|ve) to be\b": 3,
    r"\bstands? (?:in|at|there|for)\b": 0,
    r"\b(?:is|are|was|were|be) told\b": 0,
    r"\bhand(?:ed|s)? (?:it |them )?over\b": 0,
    r"\b(?:put (?:right|back)|mend(?:ed|s)?)\b": 0.5,
    r"\bwhat (?:is|was|were|has|had)\b": 1.5,
    r"^(?:Who|Whom|Whose|What)\b[^?]*[.:;]$": 1.5,
}
"""The largest number of matches in 10,000 words."""


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def text(page: str) -> str:
    """Return a page without blocks of code, inline code and comments."""
    return re.sub(r"(?ms)^```.*?^```$|^ {4}[^\n]*$|`[^`]*`|<!--.*?-->", " ", page)


def sentences(path: Path) -> list[str]:
    """Return the sentences, headings and cells of a page."""
    blocks = re.split(r"\n\s*\n|\n(?=[#|-] |\d+\. )|\|", text(read(path)))
    joined = (" ".join(block.split()).lstrip("#- *") for block in blocks)
    return [one for block in joined for one in re.split(r"(?<=[.?!:;]) (?=[A-Z*])", block) if one]


def explanations(path: Path) -> Iterator[str]:
    """Yield the lines of docstrings and comments, without inline code."""
    source = read(path)
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from re.sub(r"``[^`]*``", " ", str(node.value.value)).splitlines()
    yield from re.findall(r"(?m)^ *# (.*)$", source)


def prose() -> list[tuple[str, str]]:
    return [(name(path), one) for path in pages() for one in sentences(path)]


def comments() -> list[list[tuple[str, str]]]:
    """Of the program, and of all that is about it."""
    return [
        [
            (name(path), one.strip())
            for folder in folders
            for path in sorted((ROOT / folder).rglob("*.py"))
            if "node_modules" not in path.parts
            for one in explanations(path)
        ]
        for folders in (["newsletter"], ["tests", "tools", "bench"])
    ]


def test_what_is_written_by_hand_has_few_words() -> None:
    """A new setting, command or provider is not paid for on another page."""
    generated = {name(path) for path in pages() if GENERATED.match(read(path))}
    assert generated == {"docs/commands.md", "docs/configuration.md"}
    words = {name(path): len(WORD.findall(text(GENERATED.sub("", read(path))))) for path in pages()}
    longest = sorted(words, key=lambda page: -words[page])[:5]
    excess = sum(words.values()) - MAX_WORDS
    assert excess <= 0, f"{excess} words too many: shorten a page; the longest are {longest}"


def test_roundabout_phrases_are_rare(subtests: pytest.Subtests) -> None:
    for written in (prose(), *comments()):
        words = sum(len(WORD.findall(one)) for _, one in written)
        for phrase, most in LIMITS.items():
            asked = re.compile(phrase, re.IGNORECASE if "Who" not in phrase else re.NOFLAG)
            found = [f"{page}: {one[:100]}" for page, one in written if asked.search(one)]
            with subtests.test(phrase):
                assert len(found) <= most * words / 10_000, "\n".join(found)


def test_a_decision_has_at_most_250_words_besides_its_tables() -> None:
    for path in DOCS.glob("decisions/[0-9]*.md"):
        words = len(WORD.findall(re.sub(r"(?m)^\|.*$", "", text(read(path)))))
        assert words <= MAX_DECISION_WORDS, f"{name(path)}: {words} words"
