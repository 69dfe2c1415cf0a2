"""Each operation of the API answers all that is sent, of the types that it declares or others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.web.api.operation import Operation, parameters_in
from newsletter.web.pages import operations
from tests.api import DOCUMENT, Program, program
from tests.fuzz.hostile import JSON, TEXT, hostile
from tests.pages import Forum, forum

SCHEMAS = DOCUMENT["components"]["schemas"]
NUMBERS = st.one_of(st.integers(), st.floats())
LIKELY = st.sampled_from(
    ["press", "ana@readers.example", "a@b.example", "8.8.8.8", "en", "Europe/Madrid", "1", "news"]
)
VALUES = {"string": st.one_of(LIKELY, TEXT), "integer": NUMBERS, "boolean": st.booleans()}


def value_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for the values that a schema's types allow."""
    if "$ref" in schema:
        return value_of(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if schema.get("type") == "array":
        return st.lists(value_of(schema["items"]), max_size=3)
    if schema.get("type") == "object":
        known = {name: value_of(each) for name, each in schema.get("properties", {}).items()}
        needed = {name: known.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=known)
    return VALUES.get(schema.get("type", ""), JSON)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("api") / "fuzzed"
    with forum(folder, database=migrated) as site:
        site.subscribe("ana@readers.example", "ben@readers.example")
        site.send("news")
        yield program(site)


def request_of(operation: Operation, data: st.DataObject, site: Forum) -> dict[str, Any]:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    path = operation.path
    for name in parameters_in(path):
        part = data.draw(st.one_of(st.sampled_from(["1", "2", "news"]), TEXT), name)
        path = path.replace(
            f"{{{name}}}", part.replace("?", "").encode("utf-8", "replace").decode()
        )
    if operation.values("query"):
        path += data.draw(
            st.sampled_from(["", "?limit=2", "?after=9", "?x=", "?after=%00", "?list=press"])
        )
    body = described.get("requestBody")
    if body:
        schema = body["content"]["application/json"]["schema"]
        body = json.dumps(data.draw(st.one_of(value_of(schema), JSON))).encode()
    version = data.draw(st.sampled_from(["", '"1"', "*", '"x"']))
    key = data.draw(st.sampled_from(["", "k"]))
    return {"path": path, "body": body, "headers": {"If-Match": version, "Idempotency-Key": key}}


@pytest.mark.slow("every operation of the API, with all that it takes")
@settings(hostile, max_examples=max(1, hostile.max_examples // 10))
@given(st.data())
def test_each_operation_answers_whatever_is_sent(crm: Program, data: st.DataObject) -> None:
    crm.site.clock.advance(minutes=2)  # of so many a minute
    for operation in operations(crm.site.services):
        asked = request_of(operation, data, crm.site)
        answer = crm.ask(operation.method, **asked)
        assert answer.status < 500, f"{operation.name} {asked!r}: {answer.text}"
        if answer.status >= 400:
            assert json.loads(answer.body)["status"] == answer.status
