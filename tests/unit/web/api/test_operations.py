"""All declared operations: what each takes, and that none does what only a person may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.staff.token import Scope
from newsletter.web.api.operation import Operation, names_in
from newsletter.web.pages import operations
from tests.api import problem, program
from tests.pages import Forum, forum


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Forum]:
    with forum(tmp_path_factory.mktemp("api") / "all", database=migrated) as site:
        yield site


def path_of(operation: Operation) -> str:
    """An address of the operation, of something that is not there."""
    path = operation.path
    for name in names_in(path):
        path = path.replace(f"{{{name}}}", "0")
    return path


def test_nothing_goes_past_a_scope(site: Forum) -> None:
    programs = {scope: program(site, scope) for scope in Scope}
    for operation in operations(site.services):
        body = {} if operation.body else None
        for scope, one in programs.items():
            answer = one.ask(operation.method, path_of(operation), body)
            barred = operation.scope not in {None, scope}
            assert (answer.status == 403) == barred, f"{operation.name} with {scope.value}"
            if barred:
                assert operation.scope is not None
                assert operation.scope.value in problem(answer)["detail"]


def test_no_operation_approves_starts_or_makes_a_token(site: Forum) -> None:
    found = {f"{one.method} {one.path}" for one in operations(site.services)}
    acts = {one for one in found if not one.startswith("GET")}
    assert acts == {"POST /drafts", "PUT /drafts/{key}", "POST /drafts/{key}/submit"}


def test_each_operation_has_a_name_and_a_sentence(site: Forum) -> None:
    found = operations(site.services)
    assert len({one.name for one in found}) == len(found)
    assert [one.name for one in found if not one.about.partition("\n")[0].endswith(".")] == []
