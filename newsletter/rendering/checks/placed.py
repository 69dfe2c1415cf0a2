"""What no statement's text may hold, told with the line on which it stands."""

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.statements.review import Check
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.markdown.greetings import WRITTEN
from newsletter.rendering.markdown.references import faults_of
from newsletter.rendering.markdown.structure import nothing_seen

_MARKS = re.compile(
    r"\{\{\{? {0,3}[#/&>^]? {0,3}[A-Za-z_][^{}\n]{0,80}\}\}\}?"  # Handlebars, Liquid and their kin
    r"|\{%-? {0,3}(?:if|for|assign|include) {1,3}\w[^%\n]{0,80}%\}"
    r"|%7B%7B[^\s()]{0,80}?%7D%7D"  # the same in an address
    r"|\*\|[A-Za-z0-9_:]{1,40}\|\*"  # Mailchimp
    r"|%recipient[.\w]{1,40}%"  # Mailgun
    r"|%%[A-Za-z_][\w ]{0,40}%%"  # Salesforce
    r"|(?<![\w%])%(?:[A-Z][A-Z_]{2,30}|[a-z]{1,30}_[a-z_]{1,30})%"
    r"|\[\[[A-Za-z][^\[\]\n]{0,80}\]\](?!\()"  # Mailjet
    r"|\{\$[A-Za-z_]\w{0,40}\}"  # MailerLite
    r"|<%[^%\n]{0,80}%>"
    r"|\$\{[A-Za-z_][\w.]{0,40}\}"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE = re.compile(r"`[^`\n]*`")


def refuse_faults(statement: Statement, tokens: Sequence[Token]) -> None:
    """Raise InvalidInput for all that a mail with this text may not hold."""
    faults = faults_of_statement(statement, tokens)
    if faults:
        raise InvalidInput(faults)


def faults_of_statement(statement: Statement, tokens: Sequence[Token]) -> list[Fault]:
    """All that a mail with this text may not hold, each once."""
    unseen = [
        Fault(file=statement.origin, line=statement.line_of("body"), message=message)
        for message in (nothing_seen(tokens) if statement.body.strip() else ())
    ]
    return list(
        dict.fromkeys([*_in_front_matter(statement), *unseen, *_in_text(statement, tokens)])
    )


def _in_front_matter(statement: Statement) -> Iterator[Fault]:
    for key in ("title", "subject", "preview", "summary"):
        line = statement.line_of(key)
        for found in WRITTEN.finditer(getattr(statement, key)):
            yield Fault(
                file=statement.origin,
                line=line,
                key=key if line else "",
                message=f"holds {found.group()!r}, and it is the same for all readers:"
                " greet them in the text",
                code=Check.MERGE_MARK.value,
            )
        for found in _MARKS.finditer(getattr(statement, key)):
            yield _mark(statement, found.group(), line, key if line else "")


def _in_text(statement: Statement, tokens: Sequence[Token]) -> Iterator[Fault]:
    body, above = statement.line_of("body"), 0
    for token in tokens:
        above = token.map[0] if token.map else above
        line = body + above if body else 0
        for message in faults_of(token):
            yield Fault(file=statement.origin, line=line, message=message)
        if token.type == "inline":
            written = _CODE.sub(lambda found: " " * len(found.group()), token.content)
            source = _ESCAPED.sub(r"\1", written)  # as readers would see it
            for found in _MARKS.finditer(source):
                further = source.count("\n", 0, found.start()) if line else 0
                yield _mark(statement, found.group(), line + further)


def _mark(statement: Statement, written: str, line: int, key: str = "") -> Fault:
    by_name = not key and "name" in written.lower()
    instead = "{name|friend} to greet readers by name" if by_name else "what it is to say"
    return Fault(
        file=statement.origin,
        line=line,
        key=key,
        message=f"readers would see {written!r} as it stands: write {instead},"
        " or put it between two ` if they are to see it",
        code=Check.MERGE_MARK.value,
    )
