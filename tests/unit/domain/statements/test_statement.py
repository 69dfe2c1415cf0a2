"""The approvals that a statement needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from newsletter.domain.staff.role import Role
from newsletter.domain.statements.statement import (
    Approval,
    Approvals,
    ApprovalStatus,
    Channel,
    Statement,
    judge_approvals,
    share_readers,
)
from newsletter.domain.subscribers.segment import Segment
from tests.rows import rows

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROLES = {
    "ed@forum.example": Role.APPROVER,
    "flo@forum.example": Role.ADMIN,
    "writer@forum.example": Role.APPROVER,
    "ed+two@forum.example": Role.APPROVER,
    "vic@forum.example": Role.VIEWER,
}


def yes(by: str = "ed@forum.example", **fields: Any) -> Approval:
    minutes = fields.pop("minutes", 0)
    defaults: dict[str, Any] = {
        "slug": "resignation",
        "content_hash": "d1",
        "at": START + timedelta(minutes=minutes),
        "channel": Channel.COMMAND,
    }
    return Approval(by=by, **(defaults | fields))


def judge(*approvals: Approval, **policy: Any) -> ApprovalStatus:
    return judge_approvals(
        content_hash="d1",
        writers=("writer@forum.example", "second+press@forum.example"),
        approvals=approvals,
        policy=Approvals(**policy),
        roles=ROLES,
    )


def test_one_yes_of_an_approver_is_enough_by_default() -> None:
    given = judge(yes())
    assert given.approved
    assert given.reasons == ()
    assert [approval.by for approval in given.counted] == ["ed@forum.example"]
    assert given.complete_at == START


def test_without_any_yes_it_waits_and_says_for_how_many() -> None:
    given = judge()
    assert not given.approved
    assert given.reasons == ("it has 0 of 1 approvals",)
    assert given.complete_at is None
    assert not given.changed


def test_two_are_demanded_and_one_is_there() -> None:
    given = judge(yes(), required=2)
    assert not given.approved
    assert given.reasons == ("it has 1 of 2 approvals",)
    assert given.complete_at is None


def test_the_same_person_twice_is_one_approval_at_its_first_time() -> None:
    given = judge(yes(minutes=5), yes(minutes=0), required=2)
    assert not given.approved
    assert [approval.at for approval in given.counted] == [START]


def test_it_is_complete_when_the_last_yes_that_was_needed_arrived() -> None:
    two = judge(yes("flo@forum.example", minutes=7), yes(minutes=3), required=2)
    assert two.approved
    assert two.complete_at == START + timedelta(minutes=7)


def test_a_further_yes_does_not_put_off_the_time_at_which_it_was_complete() -> None:
    given = judge(yes(minutes=3), yes("flo@forum.example", minutes=7))
    assert len(given.counted) == 2
    assert given.complete_at == START + timedelta(minutes=3)


def test_the_author_alone_is_not_enough() -> None:
    given = judge(yes("writer@forum.example"))
    assert not given.approved
    assert given.reasons[0] == "it has 0 of 1 approvals"
    assert "writer@forum.example wrote it" in given.reasons[1]


def test_nobody_who_wrote_in_it_approves_it_under_any_spelling() -> None:
    for by in ("writer+x@forum.example", "second@forum.example", "Second@forum.example"):
        given = judge(yes(by))
        assert not given.approved
        assert f"{by} wrote it" in given.reasons[1]


def test_two_spellings_of_one_mailbox_are_one_approval() -> None:
    given = judge(yes(), yes("ed+two@forum.example", minutes=1), required=2)
    assert not given.approved
    assert [approval.by for approval in given.counted] == ["ed@forum.example"]


def test_the_author_counts_where_the_policy_says_so() -> None:
    assert judge(yes("writer@forum.example"), author_may_approve=True).approved


def test_a_yes_that_was_taken_back_counts_for_nothing() -> None:
    given = judge(yes(revoked_at=START))
    assert not given.approved
    assert given.outdated == ()
    assert given.reasons == ("it has 0 of 1 approvals",)


def test_a_yes_to_another_text_is_outdated_and_named() -> None:
    given = judge(yes(content_hash="d0"), yes("flo@forum.example", content_hash="d0"))
    assert not given.approved
    assert given.changed
    assert given.reasons == (
        "its text changed after ed@forum.example, flo@forum.example approved it;"
        " it waits for a new approval",
    )


def test_one_new_yes_of_two_beside_an_outdated_one_says_how_many_are_there() -> None:
    given = judge(yes(content_hash="d0"), yes("flo@forum.example"), required=2)
    assert given.changed
    assert given.reasons == ("it has 1 of 2 approvals",)


def test_a_statement_that_was_approved_again_does_not_count_as_changed() -> None:
    given = judge(yes(content_hash="d0"), yes())
    assert given.approved
    assert not given.changed
    assert len(given.outdated) == 1


def test_front_matter_counts_for_nothing_until_it_is_trusted() -> None:
    given = judge(yes(channel=Channel.FRONT_MATTER))
    assert not given.approved
    assert "approvals.trust_front_matter is false" in given.reasons


def test_trusted_front_matter_counts_for_staff_who_may_approve() -> None:
    given = judge(yes(channel=Channel.FRONT_MATTER), trust_front_matter=True)
    assert given.approved


def test_names_that_somebody_invents_never_approve() -> None:
    invented = [
        yes(f"{name}@elsewhere.example", channel=Channel.FRONT_MATTER) for name in ("ann", "bob")
    ]
    given = judge(*invented, trust_front_matter=True, required=2)
    assert not given.approved
    assert "ann@elsewhere.example is not among the staff" in given.reasons


@rows("channel", list(Channel))
def test_a_viewer_may_not_approve_by_any_channel(channel: Channel) -> None:
    given = judge(yes("vic@forum.example", channel=channel), trust_front_matter=True)
    assert not given.approved
    assert "vic@forum.example is a viewer, who may not approve" in given.reasons


def test_whoever_left_the_staff_does_not_count_any_more() -> None:
    given = judge(yes("gone@forum.example"))
    assert not given.approved
    assert "gone@forum.example is not among the staff" in given.reasons


def test_the_author_cannot_slip_in_through_trusted_front_matter() -> None:
    given = judge(
        yes("writer@forum.example", channel=Channel.FRONT_MATTER), trust_front_matter=True
    )
    assert not given.approved


def test_objections_to_one_person_do_not_hold_up_an_approved_text() -> None:
    given = judge(yes("vic@forum.example"), yes())
    assert given.approved
    assert given.reasons == ()


def test_each_role_may_what_those_before_it_may_and_no_more() -> None:
    order = [Role.VIEWER, Role.WRITER, Role.APPROVER, Role.SENDER, Role.ADMIN]
    for place, role in enumerate(order):
        assert [role.includes(other) for other in order] == [
            other <= place for other in range(len(order))
        ]


def over(by: str, **fields: Any) -> Approval:
    return yes(by, channel=Channel.OVERRIDE, despite="Ben is away", **fields)


ADMINS = {**ROLES, "dan@forum.example": Role.ADMIN, "writer@forum.example": Role.ADMIN}


def judged(*approvals: Approval, roles: dict[str, Role] = ADMINS, **policy: Any) -> ApprovalStatus:
    return judge_approvals(
        content_hash="d1",
        writers=("writer@forum.example",),
        approvals=approvals,
        policy=Approvals(**policy),
        roles=roles,
    )


def test_one_admin_who_stands_in_is_not_enough() -> None:
    one = judged(over("flo@forum.example"), required=2)
    assert not one.approved
    assert one.given == one.counted == ()
    assert one.reasons == (
        "it has 0 of 2 approvals",
        "flo@forum.example replaces what is missing; a second admin is needed",
    )


def test_two_admins_stand_in_for_however_many_approvals_are_missing() -> None:
    both = judged(over("flo@forum.example"), over("dan@forum.example", minutes=3), required=5)
    assert both.approved
    assert both.complete_at == START + timedelta(minutes=3)
    assert [one.by for one in both.given] == ["flo@forum.example", "dan@forum.example"]
    assert both.counted == ()


def test_one_admin_twice_is_one() -> None:
    assert not judged(over("flo@forum.example"), over("flo@forum.example", minutes=1)).approved


def test_the_approval_of_an_admin_is_no_override() -> None:
    assert not judged(yes("flo@forum.example"), over("dan@forum.example"), required=2).approved


def test_who_wrote_it_stands_in_for_nobody() -> None:
    assert not judged(over("flo@forum.example"), over("writer@forum.example")).approved


def test_who_is_no_admin_any_more_stands_in_for_nobody() -> None:
    fallen = {**ADMINS, "dan@forum.example": Role.SENDER}
    found = judged(over("flo@forum.example"), over("dan@forum.example"), roles=fallen)
    assert not found.approved
    assert "dan@forum.example is no admin, and only admins can replace a missing approval" in (
        found.reasons
    )


def test_an_override_that_came_later_changes_nothing_about_when_it_was_approved() -> None:
    late = [over(by, minutes=9) for by in ("flo@forum.example", "dan@forum.example")]
    assert judged(yes(), *late).complete_at == START


def test_an_override_of_another_text_is_outdated() -> None:
    other = [over(by, content_hash="d0") for by in ("flo@forum.example", "dan@forum.example")]
    assert judged(*other).changed


@rows(
    ["fields", "others", "shared"],
    [
        ({}, {}, True),
        ({"lists": ("press", "supporters")}, {}, True),
        ({"lists": ("supporters",)}, {}, False),
        ({"segment": Segment(name="north", list="press", timezone="UTC")}, {}, True),
        (
            {"segment": Segment(name="north", list="press", timezone="UTC")},
            {"segment": Segment(name="south", list="press", timezone="UTC")},
            False,
        ),
        ({"translation_of": "other"}, {}, False),
        ({"translation_of": "third"}, {"translation_of": "third"}, False),
        ({}, {"translation_of": "one"}, False),
        ({"corrects": "other"}, {}, True),
        ({"corrects": "third"}, {}, False),
        ({}, {"corrects": "third"}, False),
        ({"welcome": True}, {}, False),
        ({}, {"welcome": True}, False),
    ],
)
def test_two_statements_share_readers_unless_these_are_divided(
    fields: dict[str, Any], others: dict[str, Any], shared: bool
) -> None:
    same: dict[str, Any] = {"title": "A", "body": "B", "lists": ("press",), "language": "en"}
    one, other = (
        Statement(**same | {"slug": "one"} | fields),
        Statement(**same | {"slug": "other"} | others),
    )
    assert share_readers(one, other) is shared
