"""A browser before the desk: it keeps its cookie, sends forms, and follows where it is led."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pyotp import TOTP

from newsletter.credentials import codes
from newsletter.credentials.identity_provider import IdentityProvider
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.pipeline.staff import people
from tests.desk import OURS
from tests.openid import SECRET, OpenIdServer
from tests.pages import Answer, Forum

PASSWORD = "umbrella kettle forest nine"  # noqa: S105 - made up
OTHER = "lantern gravel violin sixty"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@dataclass(kw_only=True)
class Browser:
    """``cookie`` is what it keeps of the desk; empty where there is none.

    ``device`` is what it keeps of having signed in before.
    """

    site: Forum
    cookie: str = ""
    device: str = ""
    away: str = ""
    """Its cookie while it is at the identity provider."""
    client: str = "203.0.113.7"
    seen: list[str] = field(default_factory=list)
    """All that was ever set as its cookie, as the header field says it."""

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, form: Mapping[str, Any] | None = None, **how: Any) -> Answer:
        return self.ask("POST", path, form=form or {}, **how)

    def ask(self, method: str, path: str, **how: Any) -> Answer:
        fields = {"User-Agent": FIREFOX, **({} if method == "GET" else OURS)}
        kept = {"": self.cookie, "-device": self.device, "-away": self.away}
        cookies = [f"__Host-desk{kind}={value}" for kind, value in kept.items() if value]
        if cookies:
            fields["Cookie"] = "; ".join(cookies)
        fields |= how.pop("headers", {})
        answer = self.site.ask(method, f"/desk{path}", headers=fields, client=self.client, **how)
        for said in answer.cookies:
            name, _, value = said.partition(";")[0].partition("=")
            if name in {"__Host-desk-device", "__Host-desk-away"}:
                setattr(self, name.rpartition("-")[2], value)
                continue
            self.seen.append(said)
            self.cookie = value.strip('"')
        return answer

    def join(self, address: str, role: Role = Role.WRITER, password: str = PASSWORD) -> Answer:
        """Accept an invitation; with a second factor where the role demands one."""
        link = people.invite(
            address, role, by=OPERATOR_NAME, proofs=self.site.services.staff.proofs
        )
        answer = self.post(f"/invitation/{link.token}", {"name": "", "password": password})
        assert answer.status == 303, answer.text
        if answer.headers["location"].endswith("/second/set-up"):
            self.post("/second/set-up")
            code = self.code(address, pending=True)
            answer = self.post("/second/set-up/confirm", {"code": code})
            assert answer.status == 200, answer.text
        return answer

    def sign_in(self, address: str, password: str = PASSWORD, **more: str) -> Answer:
        return self.post("/sign-in", {"email": address, "password": password, **more})

    def code(self, address: str, *, pending: bool = False, away: int = 0) -> str:
        """Return the code in a person's app."""
        with self.site.services.store.read() as tx:
            found = tx.accounts.get(address)
        assert found is not None
        secret = codes.secret(
            self.site.services.staff.key, found.pending if pending else found.factor
        )
        return str(TOTP(secret).at(int(self.site.clock.now().timestamp()) + away))

    @property
    def is_in(self) -> bool:
        return self.get("/account").status == 200


def provide(site: Forum, server: OpenIdServer, factor: str = "") -> IdentityProvider:
    """Let the staff of a workspace sign in with accounts of a provider."""
    staff = site.services.staff
    made = IdentityProvider(desk=server.registration(factor), secret=SECRET, clock=site.clock)
    vars(staff).update(provider=made, proofs=replace(staff.proofs, issuer=made.desk.issuer))
    return made


def sent(answer: Answer) -> dict[str, str]:
    """The query with which the browser is sent to the provider."""
    assert answer.status == 200, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["refresh"].removeprefix("0; url=")).query))


def came_back(
    browser: Browser, server: OpenIdServer, path: str = "/sign-in/provider", **form: str
) -> Answer:
    """Leave for the provider, sign in there, come back, and press the button."""
    asked = sent(browser.post(path, form))
    back = {"code": server.code_for(asked), "state": asked["state"]}
    page = browser.get(f"/sign-in/back?{urlencode(back)}")
    assert {name: value[0] for name, value in hidden(page).items()} == back
    return browser.post("/sign-in/back", back)


def hidden(answer: Answer) -> dict[str, list[str]]:
    """The hidden fields of the last form of a page."""
    form = answer.text.rpartition("<form")[2]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form):
        found.setdefault(unescape(name), []).append(unescape(value))
    return found


def action(answer: Answer) -> str:
    """Return the address of the last form of a page, below the desk."""
    found = re.findall(r'<form method="post" action="/desk([^"]*)"', answer.text)
    return unescape(found[-1])
