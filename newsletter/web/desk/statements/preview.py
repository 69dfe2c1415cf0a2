"""The preview of a statement's email: in several views, and as a test email."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.responses import Response

from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.errors import InvalidInput, NewsletterError, NotFound
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import StoredStatement
from newsletter.domain.subscribers.address import fold
from newsletter.domain.wording import capitalized, joined, say
from newsletter.pipeline.campaigns.trial import fill, load_email
from newsletter.pipeline.ledger import find_stored
from newsletter.rendering import preview as views
from newsletter.runtime.delivery import Delivery
from newsletter.runtime.statements import Statements
from newsletter.web.desk.deciding import describe_error, is_trial
from newsletter.web.desk.request import DeskRequest, framed_email, redirect, route
from newsletter.web.http.forms import parse_number

PREVIEW_VIEWS = ("desktop", "phone", "dark", "text", "no-pictures")
"""Values of ``?view=``."""


class EmailPreview:
    """The pages that preview a statement's email, and send it as a test."""

    def __init__(self, statements: Statements, delivery: Delivery) -> None:
        self._statements = statements
        self._delivery = delivery

    @route("POST", "/statements/{slug}/look", Role.SENDER)
    def as_reader(self, request: DeskRequest) -> Response:
        """Show the preview for one reader. The form has the address, so that no URL contains it."""
        typed = request.field("reader").strip()
        fault: str = say("There is no reader with the address {it}", it=typed)
        try:
            address = fold(typed)
        except ValueError as error:
            address, fault = "", str(error)
        with self._statements.store.read() as tx:
            person = tx.readers.find(address) if address else None
        if person is None:
            return self._page(request.with_faults(("reader", fault)))
        return self._page(request, reader=person.id)

    @route("GET", "/statements/{slug}/mail", Role.VIEWER)
    def mail(self, request: DeskRequest) -> Response:
        """Return the email of a made-up reader, for an iframe."""
        return self._mail_response(request, 0)

    @route("GET", "/statements/{slug}/mail/{reader}", Role.SENDER)
    def mail_to(self, request: DeskRequest) -> Response:
        """Return the email of the reader with the number in the path, for an iframe."""
        number = parse_number(request.param("reader"))
        if not number:
            raise NotFound(say("There is no such reader."))
        return self._mail_response(request, number)

    @route("POST", "/statements/{slug}/test", Role.WRITER)
    def test(self, request: DeskRequest) -> Response:
        slug, send = request.param("slug"), self._delivery.trial_sender().send
        fault = send_test(request, partial(send, slug, by=request.who.address))
        if fault:
            return self._page(request.with_faults(("to", fault), status=409))
        return redirect(f"/statements/{slug}/look", done=test_notice(request))

    @route("GET", "/statements/{slug}/look", Role.VIEWER)
    def _page(self, request: DeskRequest, *, reader: int = 0) -> Response:
        stored, content = self._load_content(request.param("slug"), reader)
        view = view_of(request)
        path = f"/desk/statements/{stored.statement.slug}"
        return request.page(
            "look.html.j2",
            title=say("Email: {title}", title=stored.statement.title),
            stored=stored,
            **inbox_values(content),
            view=view,
            frame_address=f"{path}/mail{f'/{reader}' if reader else ''}?view={view}",
            typed_address=request.field("reader").strip(),
            typed_to=request.field("to"),
            reader=reader,
            staff=request.desk.names(),
            groups=self._statements.settings.desk.test_groups,
        )

    def _load_content(self, slug: str, reader: int) -> tuple[StoredStatement, Content | None]:
        """Return the email with its merge fields filled; None if there is no email."""
        with self._statements.store.read() as tx:
            stored = find_stored(tx, slug)
            found = load_email(tx, stored, reader=reader, links=self._statements.links)
        return stored, fill(*found) if found else None

    def _mail_response(self, request: DeskRequest, reader: int) -> Response:
        _, content = self._load_content(request.param("slug"), reader)
        if content is None:
            raise NotFound(say("There is no email of this statement."))
        return framed_email(preview_html(content, request.query("view")))


def inbox_values(content: Content | None) -> dict[str, Any]:
    """Return an email and its inbox line, as values of a template."""
    html = content.in_words(content.html) if content else ""
    return {"content": content, "inbox_line": views.inbox_line(html) if content else ""}


def view_of(request: DeskRequest) -> str:
    """Return the view in the query; ``desktop`` by default."""
    return request.query("view") if request.query("view") in PREVIEW_VIEWS else "desktop"


def preview_html(content: Content, view: str) -> str:
    if view == "text":
        return views.text_page(content.text, title=content.subject, language=content.language)
    if view == "no-pictures":
        return views.without_images(content.html)
    if view == "dark":
        return views.as_dark(content.html)
    return views.as_light(content.html)


def send_test(request: DeskRequest, send: Callable[..., dict[str, Answer]]) -> str:
    """Send a test email to the address or group in the form. Return an error sentence, or ""."""
    typed = request.field("to").strip() or request.who.address
    addresses = request.desk.staff.settings.desk.test_groups.get(typed, (typed,))
    try:
        answers = send(to=addresses)
    except NewsletterError as error:
        found = error.faults if isinstance(error, InvalidInput) else ()
        why = joined([fault.message for fault in found]) or str(error)
        return describe_error(why, request.desk.names(), other="")
    faults = {address: _describe_fault(answer.outcome) for address, answer in answers.items()}
    why = joined([*dict.fromkeys(filter(None, faults.values()))], "{first} {last}")
    if not why or len(addresses) == 1:
        return why
    refused = ", ".join(address for address, fault in faults.items() if fault)
    return say("The test email did not go to {refused}. {why}", refused=refused, why=why)


def test_notice(request: DeskRequest) -> str:
    """Return the notice after a test email, which a trial writes to a file."""
    return "test-file" if is_trial(request.desk.staff.settings) else "test"


def _describe_fault(outcome: Outcome) -> str:
    """Return a sentence why a test email was not sent, or ""."""
    if outcome.verdict in {Verdict.ACCEPTED, Verdict.LATE}:
        return capitalized(outcome.reason) if outcome.verdict is Verdict.LATE else ""
    said: str = say("The provider did not take the test email")
    if outcome.verdict is Verdict.CONFIGURATION:
        said = say("The provider refuses this desk until your operator has corrected its settings")
    if outcome.verdict is Verdict.UNKNOWN:
        said = say("The provider may have taken the test email or not")
    return say("{said}: {reason}", said=said, reason=outcome.reason) if outcome.reason else said
