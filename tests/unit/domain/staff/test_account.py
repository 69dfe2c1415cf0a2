"""A member of staff, their session, and the failures that it allows before it opens."""

from datetime import timedelta

from newsletter.domain.staff.account import (
    FACTOR_TIMEOUT,
    IDLE_TIMEOUT,
    SESSION_LIFETIME,
    STEP_UP_LIFETIME,
    LinkKind,
    Member,
    Session,
    SignInStage,
    StaffLink,
    describe_browser,
    is_exceeded,
    limit_of_network,
    limits_on_codes,
    limits_on_password_links,
    limits_on_passwords,
    name_of,
)
from newsletter.domain.staff.role import DeskRules, Role
from tests.fakes import NOON
from tests.rows import rows

SECOND = timedelta(seconds=1)


def session(**fields: object) -> Session:
    known = {"hash": b"h" * 32, "address": "ana@x.example", "created_at": NOON, "seen_at": NOON}
    return Session(**(known | fields))  # type: ignore[arg-type]


def test_a_session_ends_idle_and_after_a_week() -> None:
    assert session().is_alive(NOON + IDLE_TIMEOUT - SECOND)
    assert not session().is_alive(NOON + IDLE_TIMEOUT)
    late = NOON + SESSION_LIFETIME
    assert session(seen_at=late).is_alive(late - SECOND)
    assert not session(seen_at=late).is_alive(late)
    assert session().is_alive(NOON + IDLE_TIMEOUT, seen_at=NOON + SECOND)
    assert not session().is_alive(NOON - IDLE_TIMEOUT), "begun by a clock that ran ahead"


def test_the_half_way_in_is_open_for_ten_minutes() -> None:
    half = session(stage=SignInStage.HALF)
    assert half.is_alive(NOON + FACTOR_TIMEOUT - SECOND)
    assert not half.is_alive(NOON + FACTOR_TIMEOUT)


def test_a_factor_is_fresh_for_ten_minutes_and_never_before_it_was_shown() -> None:
    assert not session().has_fresh_factor(NOON)
    shown = session(stepped_up_at=NOON)
    assert shown.has_fresh_factor(NOON + STEP_UP_LIFETIME - SECOND)
    assert not shown.has_fresh_factor(NOON + STEP_UP_LIFETIME)
    assert not shown.has_fresh_factor(NOON - SECOND)


def test_the_key_of_a_session_is_the_beginning_of_its_hash() -> None:
    assert session().key == "68" * 8


@rows(
    ["address", "name"],
    [
        ("ana@x.example", "Ana"),
        ("ana.ruiz@x.example", "Ana Ruiz"),
        ("ana_RUIZ@x.example", "Ana RUIZ"),
        ("...@x.example", "...@x.example"),
        ("", ""),
    ],
)
def test_somebody_has_a_name_by_their_address(address: str, name: str) -> None:
    assert name_of(address) == name


def test_a_member_is_called_what_they_said() -> None:
    member = Member(address="ana@x.example", role=Role.APPROVER, name="Ana", session=session())
    assert member.name == "Ana"
    assert (member.may(Role.WRITER), member.may(Role.SENDER)) == (True, False)


def test_an_invitation_is_open_until_it_is_used_withdrawn_or_old() -> None:
    def made(**ended: object) -> StaffLink:
        return StaffLink(
            id=1,
            kind=LinkKind.INVITATION,
            address="ana@x.example",
            role=Role.WRITER,
            by="operator",
            made_at=NOON,
            expires_at=NOON + SECOND,
            **ended,  # type: ignore[arg-type]
        )

    assert made().is_usable(NOON)
    assert not made().is_usable(NOON + SECOND)
    assert not made().is_usable(NOON - SECOND), "made by a clock that ran ahead"
    assert not made(used_at=NOON).is_usable(NOON)
    assert not made(withdrawn_at=NOON).is_usable(NOON)


def test_which_roles_need_a_second_factor() -> None:
    demanded = [role for role in Role if DeskRules().demands_factor(role)]
    assert demanded == [Role.SENDER, Role.ADMIN]


def test_failures_count_against_person_network_and_all_and_where_one_is_known_less() -> None:
    keys = [one.key for one in limits_on_passwords("a@x", "n", is_familiar=False)]
    assert keys == ["password a@x n", "network n", "password a@x", "password"]
    assert [one.key for one in limits_on_passwords("a@x", "n", is_familiar=True)] == keys[:1]
    assert {one.key for one in limits_on_codes("a@x", "n", is_familiar=True)} == {"code a@x n"}
    assert {one.key for one in limits_on_codes("a@x", "n", is_familiar=False)} == {"code a@x"}


def test_a_network_that_a_proxy_hides_is_no_limit_that_one_person_reaches_for_all() -> None:
    hidden = (
        limits_on_passwords("a@x", "", is_familiar=False)[1],
        limits_on_password_links("a@x", "")[1],
        limit_of_network("provider", "", 60, timedelta(hours=1)),
    )
    assert {limit.max_count for limit in hidden} == {600}
    assert limits_on_password_links("a@x", "n")[1].max_count == 20


def test_one_more_than_so_many_is_too_many() -> None:
    limits = limits_on_codes("a@x", "", is_familiar=False)
    for count, over in ((4, False), (5, True)):
        assert is_exceeded(limits, NOON, lambda *_, count=count: count) is over  # type: ignore[misc]


@rows(
    ["said", "name"],
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
            "Safari, iPhone",
        ),
        ("curl/8.0", ""),
        ("<script>alert(1)</script> Firefox/1", "Firefox"),
        ("Linux", "Linux"),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_its_owner_calls_it(said: str, name: str) -> None:
    assert describe_browser(said) == name
