"""All declared operations: what each takes and answers, and that none does what only people may."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from newsletter.domain.staff.token import Scope
from newsletter.web.api.operation import Operation, parameters_in
from newsletter.web.pages import operations
from tests.api import DOCUMENT, Program, problem, program
from tests.pages import Forum, forum
from tools.reference import openapi

ANA = "ana@readers.example"
TEXT = {"title": "Hours", "body": "The library is open.", "lists": ["press"]}
SEGMENT = {"name": "texas", "list": "press", "place": "Texas"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Forum]:
    folder = tmp_path_factory.mktemp("api") / "all"
    with forum(folder, database=migrated, segments=[SEGMENT]) as site:
        site.subscribe(ANA, "ben@readers.example", "cleo@readers.example")
        site.send("news")
        yield site


def path_of(operation: Operation, value: str = "0") -> str:
    """An address of the operation, of something that is not there."""
    path = operation.path
    for name in parameters_in(path):
        path = path.replace(f"{{{name}}}", value)
    return path


def test_each_model_is_built_before_two_threads_read_with_it(site: Forum) -> None:
    for operation in operations(site.services):
        for place in ("body", "query", "answer"):
            values = operation.values(place)
            assert values is None or values.model.__pydantic_complete__


@pytest.mark.slow("asks for each operation with each scope")
def test_nothing_goes_past_a_scope(site: Forum) -> None:
    programs = {scope: program(site, scope) for scope in Scope}
    for operation in operations(site.services):
        body = {} if operation.values("body") else None
        for scope, one in programs.items():
            answer = one.ask(operation.method, path_of(operation), body)
            barred = operation.scope not in {None, scope}
            assert (answer.status == 403) == barred, f"{operation.name} with {scope.value}"
            if barred:
                assert operation.scope is not None
                assert operation.scope.value in problem(answer)["detail"]


def test_no_operation_approves_starts_or_makes_a_token(site: Forum) -> None:
    found = {f"{one.method} {one.path}" for one in operations(site.services)}
    one = "/subscribers/{id}"
    assert {each for each in found if not each.startswith("GET")} == {
        *("POST /drafts", "PUT /drafts/{key}", "POST /drafts/{key}/submit"),
        *("POST /subscribers", "POST /subscribers/find", f"PUT {one}", f"DELETE {one}"),
        *(f"POST {one}/unsubscribe", f"POST {one}/address", f"POST {one}/data"),
        *("POST /suppressions", "POST /sign-ups"),
    }


def _of_draft(crm: Program, deed: str = "") -> dict[str, Any]:
    made = crm.ask("POST", "/drafts", TEXT)
    seen = {"If-Match": made.headers["etag"]}
    path = made.headers["location"].removeprefix("/api/v1") + deed
    return {"path": path, "headers": seen, "body": None if deed else TEXT}


def _of_person(deed: str = "", **body: Any) -> Callable[[Program], dict[str, Any]]:
    return lambda crm: {"path": f"/subscribers/2{deed}", "body": body or None}


def _changed(crm: Program) -> dict[str, Any]:
    seen = {"If-Match": f'"{crm.get("/subscribers/2")["version"]}"'}
    return {"path": "/subscribers/2", "headers": seen, "body": {"name": "Ben"}}


def _new(**body: Any) -> Callable[[Program], dict[str, Any]]:
    return lambda _: {"body": body}


def _there(path: str) -> Callable[[Program], dict[str, Any]]:
    return lambda _: {"path": path}


SIGN_UP = {"address": "dora@readers.example", "visitor": "8.8.8.8", "source": "our website"}
EXAMPLES: Mapping[str, Callable[[Program], dict[str, Any]]] = {
    "GET /statements/{slug}": _there("/statements/news"),
    "POST /drafts": _new(**TEXT),
    "GET /drafts/{key}": lambda crm: {"path": _of_draft(crm)["path"]},
    "PUT /drafts/{key}": _of_draft,
    "POST /drafts/{key}/submit": lambda crm: _of_draft(crm, "/submit"),
    "POST /subscribers": _new(address="eva@readers.example", lists=["press"], agreed="a fair"),
    "POST /subscribers/find": _new(address=ANA),
    "GET /subscribers/{id}": _there("/subscribers/1"),
    "PUT /subscribers/{id}": _changed,
    "POST /subscribers/{id}/unsubscribe": _of_person("/unsubscribe", lists=["press"]),
    "POST /subscribers/{id}/address": _of_person("/address", address="ben@other.example"),
    "POST /subscribers/{id}/data": _of_person("/data"),
    "DELETE /subscribers/{id}": _there("/subscribers/3"),
    "POST /suppressions": _new(address="gone@readers.example"),
    "POST /sign-ups": _new(**SIGN_UP, lists=["press"]),
    "GET /campaigns/{id}": _there("/campaigns/1"),
}
"""The request that each operation answers with success; the others take nothing."""


def _valid(schema: Mapping[str, Any], body: bytes) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole).validate(json.loads(body))


@pytest.mark.slow("carries out each operation")
def test_each_answer_is_what_the_document_says(site: Forum) -> None:
    crm = program(site)
    for operation in operations(site.services):
        method, path = operation.method, operation.path
        asked = EXAMPLES.get(f"{method} {path}", lambda _: {})(crm)
        answer = crm.ask(method, asked.pop("path", path), **asked)
        assert answer.status == operation.status, f"{operation.name}: {answer.text}"
        told = DOCUMENT["paths"][path][method.lower()]
        content = told["responses"][str(answer.status)].get("content")
        assert bool(content) == bool(answer.body), operation.name
        if content:
            _valid(content["application/json"]["schema"], answer.body)
        if "location" in answer.headers:
            shown = crm.ask("GET", answer.headers["location"].removeprefix("/api/v1"))
            assert shown.body == answer.body


@pytest.mark.slow("carries out each operation that changes something, twice")
def test_what_comes_twice_under_a_key_is_done_once(site: Forum) -> None:
    crm = program(site)
    fay = crm.post(
        "/subscribers", {"address": "fay@readers.example", "lists": ["press"], "agreed": "a fair"}
    )
    bodies = {"address": {"address": "fay@other.example"}, "unsubscribe": {"lists": ["press"]}}
    done = []
    for operation in filter(lambda one: one.is_repeatable, operations(site.services)):
        name = f"{operation.method} {operation.path}"
        asked = EXAMPLES[name](crm)
        if operation.path.startswith("/subscribers/{id}/"):
            deed = operation.path.rpartition("/")[2]
            asked = {"path": f"/subscribers/{fay['id']}/{deed}", "body": bodies[deed]}
        path, fields = asked.pop("path", operation.path), asked.pop("headers", {})
        fields = {**fields, "Idempotency-Key": name}
        first = crm.ask(operation.method, path, headers=fields, **asked)
        assert first.status == operation.status, f"{name}: {first.text}"
        before = site.everything()
        again = crm.ask(operation.method, path, headers=fields, **asked)
        assert (again.status, again.body) == (first.status, first.body), name
        assert site.everything() == before, name
        done.append(name)
    assert len(done) == len({*done}) == 7


def test_each_refusal_is_what_the_document_says(site: Forum) -> None:
    crm = program(site)
    for operation in operations(site.services):
        told = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]["default"]
        for body, headers in ((None, {}), ({"x": 1}, {}), ([], {"If-Match": '"x"'})):
            answer = crm.ask(operation.method, path_of(operation, "none"), body, headers)
            if answer.status >= 400:
                _valid(told["content"]["application/problem+json"]["schema"], answer.body)


def test_the_document_is_served_to_everybody_and_is_of_this_program(site: Forum) -> None:
    answer = Program(site=site).ask("GET", "/openapi.json")
    assert answer.status == 200
    assert json.loads(answer.body) == DOCUMENT == json.loads(openapi.document()), "run: make docs"
    page = (Path(__file__).parents[4] / "docs" / "api.md").read_text("utf-8")
    assert openapi.listed(page) == page, "run: make docs"
    served = {(one.method.lower(), one.path) for one in operations(site.services)}
    described = {(method, path) for path, each in DOCUMENT["paths"].items() for method in each}
    assert served == described
    names = [each["operationId"] for one in DOCUMENT["paths"].values() for each in one.values()]
    assert len(names) == len(set(names))
