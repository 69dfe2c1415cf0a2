"""The HTTP API of a workspace, asked within this process with a token."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from typing import Any

from newsletter.domain.staff.role import Role
from newsletter.domain.staff.token import Scope
from newsletter.pipeline.staff import tokens
from tests.pages import Answer, Forum

DAN = "dan@forum.example"
PLACES = {"client": "8.8.8.8"}
DOCUMENT: dict[str, Any] = json.loads(
    resources.files("newsletter.web.api").joinpath("openapi.json").read_text("utf-8")
)
"""The description of the API that is served. Writing it takes a second."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program with a token; ``secret`` is empty for one without."""

    site: Forum
    secret: str = ""
    number: int = 0

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}, **how: Any
    ) -> Answer:
        fields = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        if body is not None:
            fields["Content-Type"] = "application/json"
            how["body"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = f"/api/v1{path}"
        return self.site.ask(method, asked, headers=fields | dict(headers), **PLACES | how)

    def get(self, path: str, **how: Any) -> Any:
        answer = self.ask("GET", path, **how)
        assert answer.status == 200, answer.text
        return json.loads(answer.body)

    def post(self, path: str, body: Any = None, **how: Any) -> Any:
        answer = self.ask("POST", path, body, **how)
        assert answer.status < 300, answer.text
        return json.loads(answer.body) if answer.body else None


def program(site: Forum, *scopes: Scope, days: int = 30) -> Program:
    """Make a token of dan, an admin, at the desk; without scopes it has all of them."""
    with site.services.store.begin() as tx:
        tx.staff.put(DAN, Role.ADMIN, tx.now)
    token, secret = tokens.make(
        "CRM",
        scopes or tuple(Scope),
        timedelta(days=days),
        by=DAN,
        proofs=site.services.staff.proofs,
    )
    return Program(site=site, secret=secret, number=token.id)


def problem(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = json.loads(answer.body)
    assert told["status"] == answer.status
    return told
