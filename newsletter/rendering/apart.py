"""Long texts, rendered and reviewed in a sandbox within a time; short ones need no limit.

What a text takes grows with its length, at the worst by 50 µs a character. So a short one is
rendered where it is wanted, without the half second that a process takes to start. Run as a module,
this is the process in the sandbox.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from newsletter.documents.sandbox import TEXTS, CutOff, NotStarted, ask, work
from newsletter.domain.errors import Fault, InvalidInput, Postponed, TookTooLong
from newsletter.domain.statements.content import Content, Publisher
from newsletter.domain.statements.review import Check, ReviewContext, ReviewFinding, in_order
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.mail.files import TemplateFiles
from newsletter.rendering.markdown.markdown import MAX_SHORT

WITHIN = timedelta(seconds=10)
_MODULE = "newsletter.rendering.apart"


@dataclass(frozen=True, kw_only=True)
class Look:
    """What mails are made by."""

    house: Publisher
    files: TemplateFiles
    carriage: str


def is_long(*statements: Statement) -> bool:
    """Whether their texts together are too long to be rendered without a limit of time."""
    fields = ("title", "subject", "summary", "preview", "body")
    written = sum(len(getattr(one, field)) for one in statements for field in fields)
    return written > MAX_SHORT


def render_apart(
    statement: Statement,
    translations: Sequence[Statement],
    *,
    test: bool,
    look: Look,
    within: timedelta = WITHIN,
) -> Content:
    """Render as the renderer does. Raises InvalidInput, TookTooLong and Postponed."""
    task = {"statement": statement, "translations": tuple(translations), "test": test}
    try:
        [found] = ask(_MODULE, {"look": look, **task}, answer=Content, within=within, gate=TEXTS)
    except NotStarted as error:
        message = f"was not made an email yet: {error}; it is tried again"
        raise Postponed([_fault(statement, message)]) from error
    except CutOff as error:
        raise TookTooLong([_fault(statement, _too_long(within))]) from error
    if isinstance(found, InvalidInput):
        raise found
    # of two segments alike the one that was configured stays
    content: Content = replace(found, segment=statement.segment)
    return content


def review_apart(
    statement: Statement,
    content: Content | None,
    around: ReviewContext,
    *,
    within: timedelta = WITHIN,
) -> tuple[ReviewFinding, ...]:
    """Review as the reviewer does; a text that cannot be looked at in time is said to be so."""
    task = {"statement": statement, "content": content, "around": around}
    kind = tuple[ReviewFinding, ...]
    try:
        [found] = ask(_MODULE, task, answer=kind, within=within, gate=TEXTS)
    except CutOff as error:
        message = f"was not reviewed: {error}; try again" if isinstance(error, NotStarted) else ""
        fault = _fault(statement, message or _too_long(within))
        finding = ReviewFinding(
            check=Check.FAULT, message=fault.message, file=fault.file, line=fault.line
        )
        return in_order([finding])
    remarks: tuple[ReviewFinding, ...] = found
    return remarks


def _too_long(within: timedelta) -> str:
    return (
        f"takes longer than {within.total_seconds():g} s to be made an email: shorten it, or take"
        " out what repeats signs such as brackets and quotation marks hundreds of times"
    )


def _fault(statement: Statement, message: str) -> Fault:
    return Fault(file=statement.origin, line=statement.line_of("body"), message=message)


# --- within that process -----------------------------------------------------------------------


def handle(task: Mapping[str, Any], _body: bytes) -> Iterator[Any]:
    """What that process is asked to do."""
    if "look" not in task:
        from newsletter.rendering.checks.reviewer import review_text

        yield review_text(task["statement"], task["content"], task["around"])
        return
    from newsletter.rendering.mail.renderer import TemplateRenderer

    look: Look = task["look"]
    try:
        renderer = TemplateRenderer(house=look.house, files=look.files, carriage=look.carriage)
        yield renderer.render(task["statement"], task["translations"], test=task["test"])
    except InvalidInput as error:
        yield error


if __name__ == "__main__":
    work(handle)
