"""Greetings by name in a text. ``{name|friend}`` greets readers without a name as "friend"."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from newsletter.domain.statements.content import MAX_GREETING_CHARS, NAME_MARKS, greeting_name
from newsletter.domain.wording import say
from newsletter.rendering.markdown.links import WORD_TOKENS, TokenText

GREETING = "greeting"
"""The type of a token whose content is the word for readers without a name."""

GREETING_PATTERN = re.compile(r"\{ {0,3}name {0,3}\|([^{}|\n]{0,100})\}")

_MAX_SHOWN = 40


def find_greetings(state: StateCore) -> None:
    """Turn greetings into tokens, except in code and after a ``\\``. A rule of the parser."""
    for token in state.tokens:
        runs = groupby(token.children or (), key=lambda child: child.type in WORD_TOKENS)
        if token.children:
            token.children = [
                child
                for words, run in runs
                for child in (_split_greetings(list(run)) if words else run)
            ]


def open_greetings(tokens: Sequence[Token], fallbacks: list[str]) -> None:
    """Give each greeting the gap of its word in ``fallbacks``, which gets words it lacks."""
    for token in tokens:
        for child in token.children or ():
            if child.type == GREETING:
                if child.content not in fallbacks:
                    fallbacks.append(child.content)
                number = fallbacks.index(child.content)
                # more words than marks are refused once those of all languages are known
                child.meta["mark"] = NAME_MARKS[min(number, len(NAME_MARKS) - 1)]


def shown_greeting(content: str, meta: dict[str, str]) -> str:
    """Return a greeting's gap, or its word for readers without a name if it has no gap."""
    return meta.get("mark", content)


def greeting_fault(greeting: Token) -> str:
    """Return the fault of a greeting's word for readers without a name, or ""."""
    if greeting_name(greeting.content):
        return ""
    nameless = (
        "{greeting} has no word that readers without a name could be called: write one behind the"
        " |, in letters and at most {most}, as in {example}"
    )
    written = f"{{name|{greeting.content[:_MAX_SHOWN]}}}"
    return say(nameless, greeting=written, most=MAX_GREETING_CHARS, example="{name|friend}")


def count_faults(fallbacks: Sequence[str]) -> Iterator[str]:
    """Yield a fault if a mail has more words for readers without a name than gaps."""
    if len(fallbacks) > len(NAME_MARKS):
        many = (
            "it calls readers without a name by {words} different words, and {most} are the most:"
            " use the same word more often"
        )
        yield say(many, words=len(fallbacks), most=len(NAME_MARKS))


def _split_greetings(tokens: Sequence[Token]) -> Iterator[Token]:
    words, position = TokenText(tokens), 0
    for found in GREETING_PATTERN.finditer(words.text):
        first, *_ = words.tokens_between(*found.span())
        if first.type != "text":  # escaped: its author wants it to be seen
            continue
        yield from words.tokens_between(position, found.start())
        word = found[1].strip()
        # an invalid word stays, for greeting_fault
        yield Token(GREETING, "", 0, content=greeting_name(word) or word, level=tokens[0].level)
        position = found.end()
    yield from words.tokens_between(position, len(words.text)) if position else tokens
