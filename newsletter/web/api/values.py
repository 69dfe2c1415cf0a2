"""Values of a request and an answer: read, written and described from one annotation."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Generic, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails

from newsletter.config.document import Document, key_text
from newsletter.config.fields import Section
from newsletter.config.shape import Shape
from newsletter.config.wording import explain, find
from newsletter.domain.errors import Fault, InvalidInput
from newsletter.domain.setting import setting
from newsletter.domain.wording import did_you_mean, say

T = TypeVar("T")


class _Value(Section):
    """A model that refuses unknown fields and converts no types, as in newsletter.yaml."""

    # built under the lock of `values_of`, not by the first thread that reads with it
    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=False)


class _Text(_Value):
    """A model that converts texts to numbers, for queries."""

    model_config = ConfigDict(strict=False)


class _Answer(_Value):
    """A model that ignores unknown fields: a newer version may have written them."""

    model_config = ConfigDict(extra="ignore")


_BASE_OF_PLACE = {"body": _Value, "query": _Text, "answer": _Answer}


ModelPlace = Literal["body", "query", "answer"]


_BUILD_LOCK = Lock()


@cache
def values_of(kind: Any, name: str, place: ModelPlace) -> "Values":
    """Return the cached ``Values`` of a type at a place of an operation."""
    with _BUILD_LOCK:  # ast.parse, which reads the docstrings, fails in two threads before 3.11.5
        return Values(kind, name, place)


class Values:
    """Reads and writes values of one type at one place: body, query or answer."""

    def __init__(self, kind: Any, name: str, place: ModelPlace) -> None:
        self._place = place
        self.model: Any = create_model(name, __base__=_BASE_OF_PLACE[place], value=(kind, ...))
        """A Pydantic model with the one field ``value``."""
        self._adapter = TypeAdapter[Any](kind)

    def read(self, data: object) -> Any:
        """Validate JSON data. Return the value. Raises InvalidInput with all faults."""
        document = {"value": data}
        try:
            return self.model.model_validate_json(json.dumps(document)).value
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise InvalidInput([self._fault(each, document) for each in found]) from error

    def _fault(self, error: ErrorDetails, document: Mapping[str, object]) -> Fault:
        finding = find(error, Document(file=self._place), Shape(type=self.model), document)
        message = explain(finding)
        if error["type"] == "unexpected_keyword_argument":
            known_keys = Shape(type=self.model).at(finding.path[:-1], document).keys
            hint = did_you_mean(str(finding.path[-1]), known_keys, is_listed=True)
            message = say("means nothing here{hint}", hint=hint)
        return Fault(file=self._place, key=key_text(finding.path[1:]), message=message)

    def write(self, value: object) -> Any:
        return self._adapter.dump_python(value, mode="json")


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The page of a collection that is asked for."""

    after: int = setting("The `next` of the page before.", default=0, ge=0, le=10**15)
    limit: int = setting("The most items of a page.", default=100, ge=1, le=500)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A page of a collection."""

    items: tuple[T, ...]
    next: str | None
    """The `after` of the next page; null on the last page."""

    @classmethod
    def of(cls, rows: Sequence[T], limit: int, cursor: Callable[[T], object]) -> "Page[T]":
        """Return a page of ``limit`` items; ``rows`` has one more if there is a next page."""
        items = tuple(rows[:limit])
        return cls(items=items, next=str(cursor(items[-1])) if len(rows) > len(items) else None)
