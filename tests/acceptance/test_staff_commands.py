"""The commands about the staff: links that let them in, and what shuts them out."""

import re

from tests.acceptance.workspace import EDITOR, Workspace

LINK = re.compile(r"https://news\.forum\.example/desk/invitation/[A-Za-z0-9_-]{43}\n")


def test_an_invitation_prints_one_link_and_nothing_else(bare: Workspace) -> None:
    done = bare.do("user", "invite", "Ana@Forum.Example", "--role", "admin")
    assert LINK.fullmatch(done.stdout)
    assert "works once, until" in done.stderr
    assert "give it to ana@forum.example alone" in done.stderr
    assert "an admin" in done.stderr
    again = bare.do("user", "invite", "ana@forum.example", "--role", "writer").stdout
    assert again != done.stdout
    listed = bare.do("user", "list", "--json")
    assert listed.json() == []
    assert "ana@forum.example has an unopened link, valid until" in listed.stderr
    logged = bare.do("audit", "show").stdout
    assert "invite" in logged
    assert again.strip()[-43:] not in logged


def test_who_is_not_there_is_neither_reset_nor_removed(bare: Workspace) -> None:
    for command in ("reset", "disable"):
        assert "not among the staff" in bare.do("user", command, EDITOR, code=1).stderr
        bare.do("user", command, "nobody", code=3)
    bare.do("user", "invite", "nobody", "--role", "admin", code=3)
    bare.do("user", "invite", EDITOR, "--role", "king", code=2)


def test_a_reset_prints_a_link_for_a_quarter_of_an_hour(bare: Workspace) -> None:
    bare.hire(EDITOR, "sender")
    done = bare.do("user", "reset", EDITOR)
    assert LINK.fullmatch(done.stdout)
    assert "signed out everywhere" in done.stderr


def test_one_mailbox_is_one_of_the_staff(bare: Workspace) -> None:
    bare.hire("ana@forum.example", "writer")
    for command in ("add", "invite"):
        done = bare.do("user", command, "ana+2@forum.example", "--role", "approver", code=4)
        assert "one mailbox" in done.stderr


def test_where_there_is_no_desk_the_link_says_so(bare: Workspace) -> None:
    bare.configure(desk={"enabled": False})
    done = bare.do("user", "invite", EDITOR, "--role", "admin")
    assert "the link leads nowhere" in done.stderr
