"""A request to the desk, its answers, and the declaration of the route that gives them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import date, timedelta
from itertools import chain
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from newsletter.credentials.codes import hash_token
from newsletter.domain.campaigns.campaign import ShownTerms, parse_typed_number
from newsletter.domain.errors import Defect, InvalidInput, NotFound, Refused
from newsletter.domain.staff.account import Member, SignInBy, SignInStage
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import Sentence, say
from newsletter.pipeline.staff.account import OwnAccount
from newsletter.pipeline.staff.proofs import Client, PasskeyAnswer, Proofs, Refusal
from newsletter.rendering.languages import base_language
from newsletter.rendering.sentences import Language
from newsletter.web.desk.browser import (
    HOME_PATH,
    PASSKEY_FIELD,
    client_of,
    offer_passkey,
    relying_party,
    session_token,
)
from newsletter.web.desk.deciding import describe_error, role_holders, sentence
from newsletter.web.desk.page import PROOF_FAULT_WORDS, PROOF_FIELD, Desk
from newsletter.web.http.forms import Posted, Upload, parse_number
from newsletter.web.http.frame import accepted_languages

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:;"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline';"
    " img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    # no-referrer would make browsers say Origin: null of our own posts, and the gate asks for it
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_MIN_RESCUED_CHARS = 80
"""Characters from which an error page shows a field's text for copying."""
_SECRET_FIELDS = frozenset({PROOF_FIELD, PASSKEY_FIELD, "password", "old", "new", "code"})
"""Fields that no page repeats."""

Faults = Sequence[tuple[str, str]]
"""(field, text) of each fault in a form; "" for a fault of no field. Pages make it a sentence."""
_HASH_DIGITS = 64
NO_HASH = "none"
_MAX_SPAN = timedelta(days=60)
"""Days that a page shows before or after one in its query."""
_MENU_ENTRIES = {"": "home", "readers": "audience"}
_MENU_ENTRIES |= dict.fromkeys(("drafts", "campaigns", "digest", "digests"), "statements")
_MENU_ENTRIES |= dict.fromkeys(("staff", "audit", "channels", "tokens"), "settings")
"""First segment of a path below the desk → its entry in the menu, if the name differs."""


@dataclass(frozen=True, kw_only=True)
class DeskRequest:
    """A request to the desk, with its body. Its handler runs in a thread and may block."""

    http: Request
    desk: Desk
    member: Member | None
    posted: Posted = field(default_factory=Posted)
    body: bytes = b""
    faults: Faults = ()
    """The faults of the form that was sent, which the page with the form shows."""
    status: int | None = None
    """The HTTP status of that page; None for 422 with faults, else 200."""

    def with_faults(self, *faults: tuple[str, str], status: int | None = None) -> DeskRequest:
        """Return the request with faults, for the page that shows its form again."""
        return replace(self, faults=faults, status=status)

    def with_error(self, error: InvalidInput | Refused, field: str = "") -> DeskRequest:
        """Return the request with the faults of an input, or why something was refused.

        Without ``field``, each fault names its own.
        """
        if isinstance(error, InvalidInput):
            return self.with_faults(*((field or one.key, one.message) for one in error.faults))
        return self.with_faults((field, self.desk.describe_error(error)), status=409)

    def with_reason(self, what: str, error: Refused) -> DeskRequest:
        """Return the request with the reason why something was not done."""
        why = self.desk.describe_error(error)
        return self.with_faults(("", say("{what} {why}", what=what, why=why)), status=409)

    def with_refusal(self, name: str, refusal: Refusal) -> DeskRequest:
        """Return the request with the fault of a field that held no valid proof."""
        status = 429 if refusal is Refusal.TOO_OFTEN else 401
        return self.with_faults((name, PROOF_FAULT_WORDS[refusal]), status=status)

    @property
    def who(self) -> Member:
        """Return the signed-in member of staff. Raises Defect if there is none."""
        if self.member is None:
            raise Defect(f"{self.path} was opened to somebody who is not signed in")
        return self.member

    @property
    def path(self) -> str:
        return self.http.url.path

    @property
    def address(self) -> str:
        query = self.http.url.query
        return f"{self.path}?{query}" if query else self.path

    def param(self, name: str) -> str:
        return str(self.http.path_params[name])

    def number(self, name: str) -> int:
        """Return the number in this path parameter. Raises NotFound if it is no row number."""
        found = parse_number(self.param(name))
        if found is None:
            raise NotFound(say("There is nothing at this address."))
        return found

    @property
    def page_number(self) -> int:
        """Return the page number in the query, from 1 on."""
        return max(1, parse_number(self.query("page")) or 1)

    def query(self, name: str) -> str:
        return self.http.query_params.get(name, "")

    def field(self, name: str) -> str:
        return self.posted.first(name)

    def upload(self, name: str) -> Upload | None:
        """Return the file of a field; None if none was chosen."""
        found = next(iter(self.posted.files.get(name, ())), None)
        return found if found is not None and (found.name or found.data) else None

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises InvalidInput."""
        with suppress(ValueError, RecursionError):
            document = json.loads(self.body)
            if isinstance(document, dict):
                return document
        raise InvalidInput.at("body", say("is no JSON object"))

    @property
    def client(self) -> Client:
        return client_of(self.http)

    @property
    def proofs(self) -> Proofs:
        """Return the checks of passwords, codes and passkeys that come from this client."""
        return replace(self.desk.staff.proofs, client=self.client)

    def own_account(self, stage: SignInStage = SignInStage.WHOLE) -> OwnAccount:
        """Return the account of the session's owner. The session must have this stage."""
        # not by the cookie: a step-up in this request has replaced it
        if stage is SignInStage.WHOLE:
            token_hash = self.who.session.hash
        else:
            token_hash = hash_token(session_token(self.http))
        return OwnAccount(proofs=self.proofs, token_hash=token_hash, stage=stage)

    def proof(self, name: str) -> str | PasskeyAnswer:
        """Return the second factor in the form: a passkey's signature, or the text of a field."""
        signature, party = self.field(PASSKEY_FIELD), relying_party(self.http, self.desk.staff)
        if signature and party:
            return PasskeyAnswer(answer=signature, party=party)
        return self.field(name)

    def seen_hash(self) -> str:
        """Return the content hash in the form; ``NO_HASH``, which matches none, without one.

        A page sends the whole hash, never an abbreviation.
        """
        digest = self.field("digest")
        return digest if len(digest) == _HASH_DIGITS else NO_HASH

    def shown_terms(self, typed: str = "typed") -> ShownTerms:
        """Return what the page showed, from the fields of its form.

        ``typed`` is the field in which the person typed the number of readers.
        """
        return ShownTerms(
            readers=parse_number(self.field("shown")),
            time=self.field("shown_time"),
            returned_at=self.field("returned_at"),
            typed_readers=parse_typed_number(self.field(typed)),
            has_fresh_factor=self.who.session.has_fresh_factor(self.desk.now()),
        )

    def language(self, messages: Iterable[str] = ()) -> Language:
        """Return the person's language, else the browser's; English if a message is untranslatable.

        A page is never in two languages.
        """
        languages = self.desk.languages
        if not all(isinstance(one, Sentence) for one in messages):
            return languages["en"]
        chosen_language = self.member.language if self.member else ""
        header = self.http.headers.get("accept-language", "")
        accepted = ((one, base_language(one)) for one in accepted_languages(header))
        wishes = chain((chosen_language,), *accepted)
        return languages[next((one for one in wishes if one in languages), "en")]

    def page(
        self,
        template: str,
        *,
        title: str,
        status: int | None = None,
        messages: Sequence[str] = (),
        nav: str | None = None,
        **values: object,
    ) -> Response:
        """Return a page in the frame, with the faults of the form.

        The page is in English if one of its ``messages`` is untranslatable. ``nav`` is its entry
        in the menu, by default that of its path. Raises TypeError if ``values`` has a name of the
        frame.
        """
        part = self.path.removeprefix(HOME_PATH).strip("/").partition("/")[0]
        desk, staff, restart = self.desk, self.desk.staff, ""
        if self.member and not staff.configuration.is_superseded():
            restart = staff.configuration.changed_on_disk()
        sentences = [*messages, *filter(None, [restart]), *(fault for _, fault in self.faults)]
        language = self.language(sentences)
        faults = [(name, sentence(language.say(fault))) for name, fault in self.faults]
        filled = dict(
            title=title,
            nav=_MENU_ENTRIES.get(part, part) if nav is None else nav,
            faults=faults,
            # of several in a field the first is said
            fault=defaultdict(str, reversed(faults)),
            organisation=staff.settings.organisation.name,
            logo=staff.settings.brand.logo,
            me=self.member,
            done=self.query("done"),
            language=language.code,
            script_words=Markup(language.script_messages),  # noqa: S704 - it has no < in it
            stopped=desk.hold_reasons() if self.member else (),
            restart=restart,
            assets=desk.assets,
            oidc=staff.provider and staff.provider.desk,
            zone=staff.settings.timezone,
            page_number=self.page_number,
            Role=Role,
            **values,
        )
        policy = {"Content-Security-Policy": _POLICY, "Content-Language": language.code}
        status = status or self.status or (422 if self.faults else 200)
        return HTMLResponse(desk.fill(template, filled, language), status, {**_HEADERS, **policy})

    def unshown_email(self, faults: Iterable[str]) -> Response:
        """Return the page that an iframe shows in place of an email that has faults."""
        lines = [*faults]
        language = self.language(lines)
        values = {"lines": lines, "language": language.code}
        return framed_email(self.desk.fill("draft-unshown.html.j2", values, language))

    def json_response(self, values: object, *, status: int = 200) -> Response:
        """Return JSON for our own scripts, with its sentences in the person's language."""
        policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
        return JSONResponse(self.language().in_all_words(values), status, {**_HEADERS, **policy})

    def failure_page(self, title: str, *lines: str, status: int) -> Response:
        """Return a page that says what failed and why, with the form's long texts for copying."""
        fields = self._form_fields().values() if self.member else ()
        typed_fields = [one for each in fields for one in each if len(one) >= _MIN_RESCUED_CHARS]
        if self.member:
            names = self.desk.names()
            lines = tuple(describe_error(line, names, other="") for line in lines)
        context: Mapping[str, Any] = {"messages": lines, "lines": lines, "written": typed_fields}
        return self.page("failed.html.j2", title=title, status=status, nav="", **context)

    def forbidden_page(self, role: Role) -> Response:
        """Say that the role does not suffice, and who has it."""
        with self.desk.staff.store.read() as tx:
            others = role_holders(tx, role)
        explanation = say("This takes the role {role}. Nothing was changed.", role=say(role.value))
        if others:
            ask = "This takes the role {role}. Ask {others}. Nothing was changed."
            explanation = say(ask, role=say(role.value), others=others)
        return self.failure_page(say("You can't do this with your role"), explanation, status=403)

    def sign_in_page(self) -> Response:
        """Return the sign-in page. It carries the form, which can be resent after the sign-in."""
        post = self.http.method == "POST"
        files = [one.name for group in self.posted.files.values() for one in group if one.name]
        form = {"action": self.address, "fields": self._form_fields(), "files": files}
        return self.page(
            "sign-in.html.j2",
            title=say("Sign in"),
            status=401,
            next="/desk" if post else self.address,
            again=json.dumps(form) if post else "",
            address="",
        )

    def step_up(self, refusal: Refusal | None = None) -> Response:
        """Return a page that asks for a second factor and resends the form with it."""
        post, staff = self.http.method == "POST", self.desk.staff
        with staff.store.read() as tx:
            account = tx.accounts.get(self.who.address)
        has_factor = account is not None and account.has_factor
        ways = staff.proofs.methods(self.who.role, account)
        is_proof = staff.provider and (staff.provider.desk.factor != "" or not has_factor)
        retry = self.with_refusal(PROOF_FIELD, refusal) if refusal else self.with_faults(status=401)
        return retry.page(
            "step-up.html.j2",
            title=say("Confirm that it's you"),
            nav="",
            is_proving=is_proof and SignInBy.PROVIDER in ways,
            next_path="/desk" if post else self.address,
            has_form=post,
            action=self.address if post else "/desk/step-up",
            fields=self._form_fields() if post else {"next": [self.address]},
            has_factor=has_factor,
            has_password=account is not None and account.password != "",
            passkeys=offer_passkey(self.http, self.who.address, staff),
        )

    def _form_fields(self) -> dict[str, list[str]]:
        """Return the fields of the form, without secrets, so that a second form can resend them."""
        fields = self.posted.fields.items()
        return {name: list(values) for name, values in fields if name not in _SECRET_FIELDS}


def parse_day(text: str) -> date:
    """Parse a day in a query. Raises NotFound for an invalid or an unsupported day."""
    try:
        day = date.fromisoformat(text)
        _ = day - _MAX_SPAN, day + _MAX_SPAN
    except (ValueError, OverflowError) as error:
        raise NotFound(say("There is no such day in the calendar.")) from error
    return day


def redirect(path: str, *, done: str = "") -> Response:
    """Redirect to a page of the desk; ``done`` names the act that the page then reports."""
    query = f"{'&' if '?' in path else '?'}{urlencode({'done': done})}" if done else ""
    fields = {"Cache-Control": "no-store"}
    return RedirectResponse(f"{HOME_PATH}{path.removeprefix(HOME_PATH)}{query}", 303, fields)


def framed_email(html: str) -> Response:
    """Return an email's HTML for an iframe without scripts and forms.

    It has the page's origin, so that the page can fit the frame to its height.
    """
    return HTMLResponse(html, headers={**_HEADERS, "Content-Security-Policy": _MAIL_POLICY})


def download(
    data: Any, *, name: str, kind: str, answer: Callable[..., Response] = Response
) -> Response:
    """Return a file that browsers download and never display."""
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    policy = {"Content-Security-Policy": "sandbox allow-same-origin; default-src 'none'"}
    headers = {**_HEADERS, **policy, "Content-Disposition": disposition}
    return answer(data, media_type=kind, headers=headers)


@dataclass(frozen=True)
class Route:
    """A page or an act of the desk, and the checks that the gate makes before it."""

    method: Literal["GET", "POST"]
    path: str
    """A Starlette path pattern, without the prefix ``/desk``."""
    role: Role | None
    """The least role; None opens it to people who are not signed in."""
    answer: Callable[[DeskRequest], Response]
    _: KW_ONLY
    step_up: bool = False
    """The route requires a second factor that was checked within the last ten minutes."""
    may_step_up: bool = False
    """The answer may require a second factor, depending on the form, by ``DeskRequest.step_up``."""
    max_bytes: int = 64 << 10
    """Largest body."""
    takes_files: bool = False
    """The form may contain files."""
    calls_provider: bool = False
    """The route calls the identity provider, on threads reserved for that."""
    is_parsed: bool = False
    """The route parses an upload in a sandbox, on threads reserved for that."""


Answer = TypeVar("Answer", bound=Callable[..., Response])
_ROUTE_ATTRIBUTE = "route"


def route(
    method: Literal["GET", "POST"], path: str, role: Role | None, **more: Any
) -> Callable[[Answer], Answer]:
    """Declare a method as the answer of a route; ``more`` are the other fields of ``Route``."""

    def declare(answer: Answer) -> Answer:
        setattr(answer, _ROUTE_ATTRIBUTE, Route(method, path, role, answer, **more))
        return answer

    return declare


def routes_of(pages: Iterable[object]) -> list[Route]:
    return [
        replace(getattr(each, _ROUTE_ATTRIBUTE), answer=getattr(page, name))
        for page in pages
        for name, each in vars(type(page)).items()
        if hasattr(each, _ROUTE_ATTRIBUTE)
    ]
