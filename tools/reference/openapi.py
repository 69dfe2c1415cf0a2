"""Writes the OpenAPI document (3.1) of the declarations that serve the requests, and their list.

``python -m tools.reference.openapi newsletter/web/api/openapi.json docs/api.md``
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from newsletter import __version__
from newsletter.config.schema import SchemaWriter
from newsletter.web.api.operation import (
    API_ROOT,
    ModelPlace,
    Operation,
    Values,
    declarations,
    parameters_in,
)
from newsletter.web.pages import OPERATION_CLASSES

_COMPONENTS = "#/components/schemas/"
_PROBLEM = {
    "description": "Problem Details (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["at", "detail"],
                "properties": {"at": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def listed(page: str) -> str:
    """Return a page with its list of operations written again."""
    lines = ""
    for one in _operations():
        scope, says = one.scope.value if one.scope else "", _summary(one).partition(". ")[0]
        lines += f"    {one.method:6} {one.path:30} {scope:18} {says}\n"
    return re.sub(r"(?m)(?:^    (?:GET|POST|PUT|DELETE) .*\n)+", lines, page)


def _operations() -> list[Operation]:
    return [one for kind in OPERATION_CLASSES for one in declarations(kind)]


def _summary(one: Operation) -> str:
    return cleandoc(one.handle.__doc__ or "").partition("\n")[0].rstrip(".")


def document() -> str:
    """Return the document."""
    operations = _operations()
    shapes: list[tuple[Values, Any]] = [
        (values, "serialization" if place == "answer" else "validation")
        for one in operations
        for place in get_args(ModelPlace)
        if (values := one.values(place)) is not None
    ]
    refs, made = models_json_schema(
        [(values.model, mode) for values, mode in shapes],
        ref_template=f"{_COMPONENTS}{{model}}",
        schema_generator=SchemaWriter,
    )
    schemas = made["$defs"]
    found: dict[Values, Any] = {}
    for values, mode in shapes:
        wrapper = refs[values.model, mode]["$ref"].removeprefix(_COMPONENTS)
        found[values] = schemas.pop(wrapper)["properties"]["value"]
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one, found, schemas)
    described = {
        "openapi": "3.1.0",
        "info": {"title": "newsletter", "version": __version__},
        "servers": [{"url": API_ROOT}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(described, indent=1, ensure_ascii=False) + "\n"


def _described(
    one: Operation, found: Mapping[Values, Any], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if values := one.values("answer"):
        answer["content"] = {"application/json": {"schema": found[values]}}
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": _summary(one),
        "description": cleandoc(one.handle.__doc__ or ""),
        "security": [{"token": [one.scope.value] if one.scope else []}],
        "parameters": list(_parameters(one, found, schemas)),
        "responses": {str(one.status): answer, "default": _REFUSED},
    }
    if values := one.values("body"):
        content = {"application/json": {"schema": found[values]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


_REFUSED = {
    "description": "It was refused.",
    "content": {"application/problem+json": {"schema": {"$ref": f"{_COMPONENTS}Problem"}}},
}


def _parameters(
    one: Operation, found: Mapping[Values, Any], schemas: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for name in parameters_in(one.path):
        schema = {"type": "integer" if one.types[name] is int else "string"}
        yield {"in": "path", "name": name, "required": True, "schema": schema}
    if values := one.values("query"):
        shape = schemas[found[values]["$ref"].removeprefix(_COMPONENTS)]
        for name, schema in shape["properties"].items():
            yield {"in": "query", "name": name, "schema": schema}
    text = {"type": "string"}
    if one.requires_version:
        etag = {**text, "pattern": '^"[^"]+"$'}
        yield {"in": "header", "name": "If-Match", "required": True, "schema": etag}
    if one.is_repeatable:
        yield {"in": "header", "name": "Idempotency-Key", "schema": {**text, "maxLength": 255}}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), "utf-8")
    page_file = Path(sys.argv[2])
    page_file.write_text(listed(page_file.read_text("utf-8")), "utf-8")
