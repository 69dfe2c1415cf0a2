"""Shared by all pages of the desk: the frame, notices, and links."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from newsletter.domain.campaigns.sentences import (
    describe_further,
    describe_next,
    describe_next_step,
    describe_state,
)
from newsletter.domain.delivery.restore_guard import read_sending_stop
from newsletter.domain.schedule import LocalTime
from newsletter.domain.staff.account import SignInBy, name_of
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import (
    Sentence,
    clock,
    listed,
    moment,
    people,
    recognized,
    say,
    without_commands,
)
from newsletter.pipeline.staff.proofs import Proofs, Refusal
from newsletter.rendering.languages import base_language, language_choices, language_name
from newsletter.rendering.mail.files import default_templates, page_templates
from newsletter.rendering.mail.templates import Templates
from newsletter.rendering.sentences import Language, translated
from newsletter.runtime.services import Staff
from newsletter.tables import load_table
from newsletter.web.desk.assets import Assets
from newsletter.web.desk.browser import HOME, PASSKEY, offer_passkey
from newsletter.web.desk.deciding import (
    LEFT_OUT,
    colleagues,
    list_titles,
    role_holders,
    sentence,
    titles,
)
from newsletter.web.desk.request import DeskRequest
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

_WORDS = load_table("newsletter.web.desk", "words.yaml")
NOTES: Sequence[str] = (*_WORDS["readers"], *_WORDS["documents"])
"""English texts of notes that a sandbox writes about a file, for translation."""
PROOF = "step-up"
"""The form field for the second factor of a step-up."""
PROOF_FAULTS: Mapping[Refusal, str] = {
    Refusal[name]: words for name, words in _WORDS["refusals"].items()
}


def refusal_status(refusal: Refusal | None) -> int:
    """Return the HTTP status of a page that asks for a second factor."""
    return 429 if refusal is Refusal.TOO_OFTEN else 401


_MIN_RESCUED_CHARACTERS = 80
"""Characters from which an error page shows a field's text for copying."""
_SECRET_FIELDS = frozenset({PROOF, PASSKEY, "password", "old", "new", "code"})
"""Fields that no page repeats."""

Faults = Sequence[tuple[str, str]]
"""(field, sentence) of each fault in a form; "" for a fault of no field."""
_MENU_ENTRIES = {
    "": "home",
    "drafts": "statements",
    "campaigns": "statements",
    "readers": "audience",
    "staff": "settings",
    "audit": "settings",
    "channels": "settings",
    "tokens": "settings",
}
"""First segment of a path below the desk → its entry in the menu, if the name differs."""
_FUNCTIONS = {
    each.__name__: each
    for each in (say, describe_state, describe_next, describe_next_step, describe_further)
}
"""The functions that templates call."""


@cache
def _languages() -> Mapping[str, Language]:
    return {"en": Language(code="en")} | {
        Path(name).stem: Language(code=Path(name).stem, catalogue=text)
        for name, text in page_templates("desk").sources.items()
        if name.startswith("words/") and name.endswith(".po")
    }


@cache
def _translate_template(language: Language, source: str) -> str:
    """Return a template translated into a language. Cached: translating all takes long."""
    return translated(source, language.translate) if language.catalogue else source


class Desk:
    """The frame of every page of the desk."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._zone = ZoneInfo(staff.settings.timezone)
        self.languages = dict(_languages())
        self._templates: dict[str, Templates] = {}
        self.assets = Assets(default_templates() / "desk", color=staff.settings.brand.color)
        self._staff_names: tuple[int, Mapping[str, str]] = (-1, {})
        """Cached names of the staff, with the database version at which they were read."""

    def person(self, address: str) -> str:
        """Return the name of a member of staff; without one, a name made of the address."""
        version = self._staff.store.version()  # a list asks for a name in each of its rows
        if version != self._staff_names[0]:
            with self._staff.store.read() as tx:
                self._staff_names = version, tx.staff.names()
        return self._staff_names[1].get(address) or name_of(address)

    def _replace_addresses(self, text: str) -> str:
        """Replace addresses of the staff by their names."""
        with self._staff.store.read() as tx:
            names = colleagues(tx)
        # longest first, because joana@forum.example contains ana@forum.example
        for address in sorted(names, key=len, reverse=True):
            text = text.replace(address, names[address])
        return text

    def now(self) -> datetime:
        """Return the current time."""
        return self._staff.store.clock.now()

    # --- answers

    def _in(self, language: Language) -> Templates:
        """Return the templates of a language; each is translated on first use."""
        if language.code not in self._templates:
            self._templates[language.code] = Templates(
                page_templates("desk"),
                pages=True,
                filters=self._filters(language),
                finalize=language.in_words,
                translate=partial(_translate_template, language),
                functions=_FUNCTIONS
                | {"language_choices": partial(language_choices, language.code)},
            )
        return self._templates[language.code]

    def _filters(self, language: Language) -> Mapping[str, Callable[..., Any]]:
        """Return Jinja's filters; their results are in the language."""
        words = language.in_words
        changes: Mapping[str, Callable[[str], str]] = {
            "capitalize": str.capitalize,
            "capital": lambda text: text[:1].upper() + text[1:],
            "sentence": sentence,
            "plainly": lambda text: sentence(without_commands(text)),
        }
        return {
            **{name: lambda text, act=act: act(words(text)) for name, act in changes.items()},
            "join": lambda parts, between="": between.join(str(words(part)) for part in parts),
            "moment": self.moment,
            "clock": self.clock,
            "second": lambda at: clock(at, self._zone.key),
            "hour": hour,
            "day": self.day,
            "number": number,
            "version": version,
            "person": self.person,
            "listed": listed,
            "people": people,
            "said": say,
            "noted": lambda note: recognized(note, NOTES),
            "initials": initials,
            "language": language_name,
            "left_out": lambda why: say(LEFT_OUT.get(why, why)),
            "list_title": lambda name: titles(self._staff.settings, [name]),
            "titled": partial(list_titles, self._staff.settings),
            "titles": partial(titles, self._staff.settings),
            "mentions": mark_mentions,
            "path": lambda text: quote(text, safe=""),
        }

    def language(self, request: DeskRequest, messages: Iterable[str] = ()) -> Language:
        """Return the person's language, else the browser's; English if a message is untranslatable.

        A page is never in two languages.
        """
        if not all(isinstance(one, Sentence) for one in messages):
            return self.languages["en"]
        own = request.member.language if request.member else ""
        header = request.http.headers.get("accept-language", "")
        wanted = [own, *map(base_language, accepted_languages(header))]
        return self.languages[next((one for one in wanted if one in self.languages), "en")]

    def page(
        self,
        request: DeskRequest,
        template: str,
        *,
        title: str,
        status: int | None = None,
        faults: Faults = (),
        said: Sequence[str] = (),
        nav: str | None = None,
        **values: object,
    ) -> Response:
        """Return a page in the frame. Its default status is 200, or 422 if it has faults.

        ``said`` are messages on it that may be untranslatable. ``nav`` is its entry in the menu,
        by default that of its path. Raises TypeError if ``values`` has a name of the frame's.
        """
        part = request.path.removeprefix(HOME).strip("/").partition("/")[0]
        ours, restart = self._staff.configuration, ""
        if request.member and not ours.is_superseded():
            restart = ours.changed_on_disk()
        told = [*said, *([restart] if restart else ()), *(fault for _, fault in faults)]
        language = self.language(request, told)
        filled = dict(
            title=title,
            nav=_MENU_ENTRIES.get(part, part) if nav is None else nav,
            faults=faults,
            fault=defaultdict(str, reversed(faults)),  # of several in a field the first is said
            organisation=self._staff.settings.organisation.name,
            logo=self._staff.settings.brand.logo,
            me=request.member,
            here=request.address,
            done=request.query("done"),
            language=language.code,
            script_words=Markup(language.of_scripts),  # noqa: S704 - it has no < in it
            stopped=self._hold_reasons() if request.member else (),
            restart=restart,
            assets=self.assets,
            oidc=self._staff.provider and self._staff.provider.desk,
            zone=self._staff.settings.timezone,
            Role=Role,
            **values,
        )
        text = self._in(language).fill(template, filled)
        headers = {
            **_HEADERS,
            "Content-Security-Policy": _POLICY,
            "Content-Language": language.code,
        }
        status = status or (422 if faults else 200)
        return HTMLResponse(text, status_code=status, headers=headers)

    def part(self, request: DeskRequest, template: str, lines: Sequence[str]) -> str:
        """Fill a template without the frame, in a language into which all ``lines`` translate."""
        language = self.language(request, lines)
        return self._in(language).fill(template, {"lines": lines, "language": language.code})

    def go(self, request: DeskRequest, path: str, *, done: str = "") -> Response:
        """Redirect to a page of the desk; ``done`` names the act that the page then reports."""
        query = f"{'&' if '?' in path else '?'}{urlencode({'done': done})}" if done else ""
        fields = {"Cache-Control": "no-store"}
        return RedirectResponse(f"/desk{path}{query}", status_code=303, headers=fields)

    def mail(self, html: str) -> Response:
        """Return an email's HTML for an iframe without scripts and forms.

        It has the page's origin, so that the page can fit the frame to its height.
        """
        headers = {**_HEADERS, "Content-Security-Policy": _MAIL_POLICY}
        return HTMLResponse(html, headers=headers)

    def data(self, request: DeskRequest, values: object, *, status: int = 200) -> Response:
        """Return JSON for our own scripts, with its sentences in the person's language."""
        policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
        said = self.language(request).in_all_words(values)
        return JSONResponse(said, status_code=status, headers={**_HEADERS, **policy})

    def file(self, data: bytes, *, name: str, kind: str) -> Response:
        """Return a file that browsers download and never display."""
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        policy = {"Content-Security-Policy": "sandbox allow-same-origin; default-src 'none'"}
        headers = {**_HEADERS, **policy, "Content-Disposition": disposition}
        return Response(data, media_type=kind, headers=headers)

    # --- refusals

    def failed(
        self,
        request: DeskRequest,
        title: str,
        text: str,
        *,
        status: int,
        written: Sequence[str] = (),
    ) -> Response:
        """Return a page that says what failed and why, with colleagues by their names.

        ``written`` are texts that would be lost: the page shows them for copying.
        """
        lines = [text]
        if not isinstance(text, Sentence):
            lines = (self._replace_addresses(text) if request.member else text).splitlines()
        more: Mapping[str, Any] = {"said": lines, "lines": lines, "written": written}
        return self.page(request, "failed.html.j2", title=title, status=status, nav="", **more)

    def forbidden(self, request: DeskRequest, role: Role) -> Response:
        """Say that the role does not suffice, and who has it."""
        with self._staff.store.read() as tx:
            others = role_holders(tx, role, limit=4)
        takes = say("This takes the role {role}. Nothing was changed.", role=say(role.value))
        if others:
            ask = "This takes the role {role}. Ask {others}. Nothing was changed."
            takes = say(ask, role=say(role.value), others=others)
        written = [
            value
            for values in (_form_fields(request).values() if request.http.method == "POST" else ())
            for value in values
            if len(value) >= _MIN_RESCUED_CHARACTERS
        ]
        title = say("You can't do this with your role")
        return self.failed(request, title, takes, status=403, written=written)

    def sign_in_again(self, request: DeskRequest) -> Response:
        """Return the sign-in page. It carries the form, which can be resent after the sign-in."""
        post = request.http.method == "POST"
        carried = {"action": request.address, "fields": _form_fields(request)}
        again = json.dumps(carried) if post else ""
        return self.page(
            request,
            "sign-in.html.j2",
            title=say("Sign in"),
            status=401,
            next="/desk" if post else request.address,
            again=again,
            address="",
            provider=self._staff.settings.desk.oidc,
        )

    def step_up(self, request: DeskRequest, refusal: Refusal | None = None) -> Response:
        """Return a page that asks for a second factor and resends the form with it."""
        post, provider = request.http.method == "POST", self._staff.provider
        with self._staff.store.read() as tx:
            account = tx.accounts.get(request.who.address)
        has_factor = account is not None and account.has_factor
        ways = self._staff.proofs.ways_in(request.who.role, account)
        is_proof = provider is not None and (provider.desk.factor != "" or not has_factor)
        return self.page(
            request,
            "step-up.html.j2",
            title=say("Confirm that it's you"),
            status=refusal_status(refusal),
            nav="",
            is_proving=is_proof and SignInBy.PROVIDER in ways,
            onward="/desk" if post else request.address,
            elsewhere=post,
            faults=[(PROOF, say(PROOF_FAULTS[refusal]))] if refusal else (),
            action=request.address if post else "/desk/step-up",
            fields=_form_fields(request) if post else {"next": [request.address]},
            has_factor=has_factor,
            has_password=account is not None and account.password != "",
            passkeys=offer_passkey(request, request.who.address, self._staff),
        )

    def _hold_reasons(self) -> tuple[str, ...]:
        """Return each hold on sending as person, time and reason: Cleo, 24 Nov, 14:20: wrong
        list."""
        with self._staff.store.read() as tx:
            names, kept = tx.staff.names(), tuple(tx.hold.reasons().values())
        found = []
        for reason in kept:
            stopped = read_sending_stop(reason)
            if stopped is not None:
                who = names.get(stopped.by) or name_of(stopped.by)
                at = self.moment(stopped.at)
                reason = say("{who}, {at}.", who=who, at=at)
                if stopped.why:
                    reason = say("{who}, {at}: {why}.", who=who, at=at, why=stopped.why)
            found.append(reason)
        return tuple(found)

    # --- words

    def moment(self, instant: datetime | None) -> str:
        """Return a time with day and zone: Tue 1 Dec 2026, 09:00 New York."""
        return moment(instant, self._zone.key) if instant else "–"

    def clock(self, instant: datetime) -> str:
        """Return the time of day: 09:00."""
        return f"{instant.astimezone(self._zone):%H:%M}"

    def day(self, instant: datetime) -> str:
        """Return the day: 1 Dec 2026."""
        return say("{at.day} {at:%b %Y}", at=instant.astimezone(self._zone))


class StaffPart:
    """Pages of the desk about the staff."""

    def __init__(self, desk: Desk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff

    @property
    def _proofs(self) -> Proofs:
        return self._staff.proofs


def _form_fields(request: DeskRequest) -> dict[str, list[str]]:
    """Return the fields of the form, without secrets, so that a second form can resend them."""
    fields = request.posted.fields.items()
    return {name: list(values) for name, values in fields if name not in _SECRET_FIELDS}


def mark_mentions(text: str) -> Markup:
    """Return a comment with its @mentions marked."""
    marked = re.sub(r"(?<!\w)@\w+", r'<span class="mention">\g<0></span>', str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped above


def initials(name: str) -> str:
    """Return the first letters of the first and the last word: AR."""
    words = re.findall(r"\w+", name) or ["–"]
    return "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper()


def number(value: int) -> str:
    """Return a number with commas: 4,213."""
    return say("{number:,}", number=value)


def hour(local: LocalTime) -> str:
    """Return a reader's local send time in words: 09:00, or 1 Dec 2026, 09:00."""
    if local.day is None:
        return f"{local.at:%H:%M}"
    return say("{day.day} {day:%b %Y}, {at:%H:%M}", day=local.day, at=local.at)


def version(content_hash: str) -> str:
    """Return the short form of a content hash: 4fb0 2501."""
    return f"{content_hash[:4]} {content_hash[4:8]}" if content_hash else "–"
