"""The one page of a statement: where it stands, its email, its checks, what was said and done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from newsletter.domain.campaigns.situation import Situation
from newsletter.domain.errors import InvalidInput
from newsletter.domain.staff.audit import Entered, sentence
from newsletter.domain.statements.comment import Comment
from newsletter.domain.statements.draft import passages
from newsletter.domain.statements.review import ReviewFinding, Severity
from newsletter.domain.statements.statement import Role, StoredStatement
from newsletter.domain.wording import plural
from newsletter.pipeline.campaigns.board import find
from newsletter.pipeline.campaigns.facts import situation_of
from newsletter.pipeline.statements.feedback import comment
from newsletter.pipeline.statements.review import Audiences, review
from newsletter.runtime.statements import Statements
from newsletter.store.sql import Transaction
from newsletter.web.desk.deciding import colleagues
from newsletter.web.desk.page import Desk, Faults
from newsletter.web.desk.request import DeskRequest, Route
from newsletter.web.desk.statements.presenting import KINDS, SEVERITIES, buttons, lives

_COMMENTS = 50
_ENTRIES = 5
_HISTORY = 50


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A statement with all that its page shows of it."""

    stored: StoredStatement
    situation: Situation
    remarks: tuple[ReviewFinding, ...]
    comments: tuple[Comment, ...]
    history: tuple[tuple[datetime, str], ...]
    changes: int | None
    """In how many places it differs from what was approved last; None where nothing was."""

    @property
    def changed(self) -> str:
        """What changed since the last approval, in a sentence; empty where there is none."""
        if self.changes is None:
            return ""
        if not self.changes:
            return "Nothing that readers see has changed since the last approval."
        have = "has" if self.changes == 1 else "have"
        return f"{plural(self.changes, 'thing')} {have} changed since the last approval."


class StatementPage:
    """One statement, what colleagues said about it, and its history."""

    def __init__(self, desk: Desk, statements: Statements) -> None:
        self._desk = desk
        self._statements = statements

    def routes(self) -> list[Route]:
        """Path and method → page."""
        here = "/statements/{slug}"
        see, write = Role.VIEWER, Role.WRITER
        return [
            Route("GET", here, see, self._page),
            Route("POST", f"{here}/comments", write, self.comment),
            Route("GET", f"{here}/history", see, self.history),
            Route("GET", f"{here}/checks", see, self.checks),
        ]

    def comment(self, request: DeskRequest) -> Response:
        """Keep what somebody says."""
        slug, typed = request.param("slug"), request.field("comment")
        try:
            comment(
                slug,
                typed,
                by=request.who.address,
                store=self._statements.store,
                clock=self._statements.clock,
            )
        except InvalidInput as error:
            faults = [("comment", fault.message) for fault in error.faults]
            return self._page(request, typed=typed, faults=faults)
        return self._desk.go(request, f"/statements/{slug}", done="commented")

    def history(self, request: DeskRequest) -> Response:
        """All that happened to it, a page at a time."""
        number = request.page
        with self._statements.store.read() as tx:
            stored = find(tx, request.param("slug"))
            skip = (number - 1) * _HISTORY
            entered = tx.audit.about(stored.statement.slug, skip=skip, most=_HISTORY + 1)
            names = colleagues(tx)
        here = f"/desk/statements/{stored.statement.slug}/history"
        return self._desk.page(
            request,
            "history.html.j2",
            title=f"History: {stored.statement.title}",
            stored=stored,
            entries=[(entry.at, self._in_words(entry, names)) for entry in entered[:_HISTORY]],
            newer=f"{here}?page={number - 1}" if number > 1 else "",
            older=f"{here}?page={number + 1}" if len(entered) > _HISTORY else "",
        )

    def checks(self, request: DeskRequest) -> Response:
        """What the checks say, beside the lines that they speak of."""
        with self._statements.store.read() as tx:
            stored = find(tx, request.param("slug"))
            remarks = self._remarks(tx, stored)
        lines = numbered(stored, remarks)
        return self._desk.page(
            request,
            "checks.html.j2",
            title=f"Checks: {stored.statement.title}",
            stored=stored,
            remarks=remarks,
            grades=SEVERITIES,
            lines=lines,
            before=_before(stored),
            shown={line.number for line in lines},
        )

    def _page(
        self,
        request: DeskRequest,
        *,
        status: int | None = None,
        typed: str = "",
        faults: Faults = (),
    ) -> Response:
        reading = self._read(request.param("slug"))
        me = request.who.address
        return self._desk.page(
            request,
            "statement.html.j2",
            title=reading.stored.statement.title,
            status=status,
            reading=reading,
            situation=reading.situation,
            changed=reading.changed,
            statement=reading.stored.statement,
            kinds=KINDS,
            grades=SEVERITIES,
            buttons=buttons(reading.situation, me),
            lives=lives(reading.situation),
            lists=self._titles(reading.stored.statement.lists),
            typed=typed,
            faults=faults,
        )

    def _read(self, slug: str) -> Reading:
        statements, now = self._statements, self._desk.now()
        with statements.store.read() as tx:
            stored = find(tx, slug)
            situation = situation_of(tx, stored, statements.standpoint, now)
            names = colleagues(tx)
            return Reading(
                stored=stored,
                situation=situation,
                remarks=()
                if situation.facts.begun
                else self._remarks(tx, stored, _counted(situation)),
                comments=tuple(tx.comments.of(slug, _COMMENTS)),
                history=tuple(
                    (entry.at, self._in_words(entry, names))
                    for entry in tx.audit.about(slug, most=_ENTRIES)
                ),
                changes=_changes(tx, stored, situation),
            )

    def _remarks(
        self, tx: Transaction, stored: StoredStatement, counted: Audiences | None = None
    ) -> tuple[ReviewFinding, ...]:
        if not stored.present or not stored.content_hash:
            return ()
        rules, clock = self._statements.review_rules, self._statements.clock
        [reviewed] = review(tx, [stored], rules, clock, counted=counted)
        return tuple(sorted(reviewed.remarks, key=lambda one: list(Severity).index(one.grade)))

    def _in_words(self, entry: Entered, names: Mapping[str, str]) -> str:
        return sentence(entry, names, self._statements.settings.timezone)

    def _titles(self, lists: Sequence[str]) -> list[str]:
        known = {offer.name: offer.title for offer in self._statements.settings.offers()}
        return [known.get(name, name) for name in lists]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a text, as its source counts it, and what the checks say of it."""

    number: int
    text: str
    remarks: tuple[ReviewFinding, ...]


def _before(stored: StoredStatement) -> int:
    """How many lines stand before the text that people see: the desk shows no front matter."""
    return (stored.statement.line_of("body") or 1) - 1 if stored.statement.desk else 0


def numbered(stored: StoredStatement, remarks: Sequence[ReviewFinding]) -> list[Line]:
    """The text line by line. A text without a place of its own is counted from one."""
    first = stored.statement.line_of("body") or 1
    return [
        Line(
            number=number,
            text=text,
            remarks=tuple(
                finding
                for finding in remarks
                if finding.line == number and finding.file == stored.statement.origin
            ),
        )
        for number, text in enumerate(stored.statement.body.splitlines(), start=first)
    ]


def _counted(situation: Situation) -> Audiences:
    """How many are on its lists, where that is what was counted: to count them takes long."""
    facts, statement = situation.facts, situation.facts.statement
    others_share = facts.translations or statement.translation_of or statement.corrects
    if facts.readers is None or others_share:
        return {}
    return {(statement.lists, statement.segment): facts.readers}


def _changes(tx: Transaction, stored: StoredStatement, situation: Situation) -> int | None:
    """Only where an approval lapsed: else nothing changed, or there is nothing to compare with."""
    outdated = situation.facts.standing.outdated
    if situation.facts.begun or not outdated or situation.facts.standing.counted:
        return None
    before, after = (
        tx.statements.content(outdated[-1].content_hash),
        tx.statements.content(stored.content_hash),
    )
    return len(passages(before, after)) if before and after else None
