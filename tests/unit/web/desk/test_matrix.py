"""Route, method and role: what each route demands, and that nothing goes round it.

``matrix.txt`` says in so many words what each route demands. A route without a line there fails.
"""

import re
from pathlib import Path

import pytest

from newsletter.domain.staff.role import Role
from newsletter.web.desk.request import Route
from newsletter.web.pages import desk_routes
from tests.desk import STAFF, Staffed
from tests.rows import rows

MATRIX = Path(__file__).with_name("matrix.txt")


def line_of(route: Route) -> str:
    role = route.role.value if route.role else "anybody"
    return f"{route.method} /desk{route.path} {role}{' fresh' if route.step_up else ''}"


def asked_of(route: Route) -> str:
    """An address of the route, of something that is not there."""
    return re.sub(r"\{[^}]*\}", "nothing-there", route.path)


def test_each_route_demands_what_stands_written(staffed: Staffed) -> None:
    found = sorted(line_of(route) for route in desk_routes(staffed.site.services))
    written = MATRIX.read_text("utf-8").splitlines()
    assert found == sorted(written), "matrix.txt says what each route demands; add or mend its line"


@pytest.mark.slow("each route is asked as each of five people")
def test_no_route_is_open_to_whom_it_is_not_for(staffed: Staffed) -> None:
    for route in desk_routes(staffed.site.services):
        path = asked_of(route)
        for name, role in STAFF.items():
            answer = staffed.as_(name).ask(route.method, path)
            barred = route.role is not None and not role.includes(route.role)
            assert (answer.status == 403) == barred, f"{route.method} {path} as {role.value}"
            asked = answer.status == 401 and "Confirm that it" in answer.text
            if route.step_up and not barred:
                assert asked, f"{route.method} {path} as {role.value} asks for no fresh factor"


def test_who_is_not_signed_in_gets_to_the_door_alone(staffed: Staffed) -> None:
    for route in desk_routes(staffed.site.services):
        if route.role is None:
            continue
        fields = {} if route.method == "GET" else {"Sec-Fetch-Site": "same-origin"}
        answer = staffed.site.ask(route.method, f"/desk{asked_of(route)}", headers=fields)
        assert answer.status == (303 if route.method == "GET" else 401), asked_of(route)


VARIANTS = [
    lambda path: f"{path}/",
    lambda path: path.upper(),
    lambda path: f"/{path}",
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "/./"),
    lambda path: f"{path};x=1",
    lambda path: f"{path}%2f",
    lambda path: f"{path}.json",
    lambda path: f"{path}\0",
]


@pytest.mark.slow("each route is asked in each spelling")
@rows("variant", range(len(VARIANTS)))
def test_no_spelling_of_a_path_goes_round_its_role(staffed: Staffed, variant: int) -> None:
    vera = staffed.as_("vera")
    for route in desk_routes(staffed.site.services):
        if route.role in {None, Role.VIEWER}:
            continue
        path = VARIANTS[variant](asked_of(route))
        answer = vera.ask(route.method, path)
        assert answer.status in {303, 400, 403, 404, 405}, f"{route.method} {path}"


@pytest.mark.slow("each route is asked by each method")
@rows("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
def test_no_other_method_does_anything(staffed: Staffed, method: str) -> None:
    vera = staffed.as_("vera")
    before = staffed.site.everything()
    for route in desk_routes(staffed.site.services):
        answer = vera.ask(method, asked_of(route))
        allowed = {200, 303, 401, 403, 404, 405} if method == "HEAD" else {403, 405}
        assert answer.status in allowed, f"{method} {asked_of(route)}: {answer.status}"
    assert len(staffed.site.everything()) == len(before)
