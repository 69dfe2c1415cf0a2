"""The guides to move from another tool: each walked with an export of forty made-up people."""

import csv
import io
import re
import shlex
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.acceptance.workspace import Workspace
from tests.test_docs import DOCS, read

EXPORTS = Path(__file__).parent / "exports"
FATES = ("in", "in", "in", "left", "in", "in", "bounced", "in", "left", "never")
"""The old tool's word on each of ten people, over and over."""
NAMES = ('Zoë "Z" Ruiz', "O'Neil, Pat", "=1+1", "李 雷", "")
Fates = Mapping[str, str]
"""Address → what the old tool says of the person."""


def people(fates: tuple[str, ...]) -> dict[str, str]:
    return {f"p{number}@example.org": fates[number % len(fates)] for number in range(40)}


def table(sample: str, rows: list[dict[str, str]]) -> str:
    """A file with the columns of a sample, and these cells."""
    head = next(csv.reader((EXPORTS / sample).read_text("utf-8").splitlines()))
    text = io.StringIO()
    writer = csv.DictWriter(text, head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def packed(files: Mapping[str, str]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return body.getvalue()


def named(number: int) -> str:
    return NAMES[number % len(NAMES)]


def mailchimp(fates: Fates) -> dict[str, bytes]:
    kinds = {"in": "subscribed", "left": "unsubscribed", "bounced": "cleaned"}
    rows: dict[str, list[dict[str, str]]] = {
        kind: [] for kind in (*kinds.values(), "nonsubscribed")
    }
    for number, (address, fate) in enumerate(fates.items()):
        row = {"Email Address": address, "First Name": named(number), "TAGS": '"press"'}
        if fate != "never":
            row |= {"OPTIN_TIME": "2024-05-01 10:00:00", "CONFIRM_TIME": "2024-05-01 10:01:00"}
        rows[kinds.get(fate, "nonsubscribed")].append(row)
    return {
        "audience.zip": packed(
            {
                f"{kind}_members_export_0a1b2c3d4e.csv": table(
                    f"mailchimp/{kind}_members_export_0a1b2c3d4e.csv", of
                )
                for kind, of in rows.items()
            }
        )
    }


def listmonk(fates: Fates) -> dict[str, bytes]:
    kinds = {"in": "enabled", "left": "blocklisted", "bounced": "disabled"}
    files: dict[str, list[dict[str, str]]] = {"confirmed.csv": [], "blocklisted.csv": []}
    for number, (address, fate) in enumerate(fates.items()):
        row = {
            "uuid": f"u{number}",
            "email": address,
            "name": named(number) or address,
            "attributes": '{"city": "Lima"}',
            "status": kinds[fate],
            **dict.fromkeys(("created_at", "updated_at"), "2024-05-01 10:00:00.12345 +0000 UTC"),
        }
        files["confirmed.csv" if fate == "in" else "blocklisted.csv"].append(row)
    return {name: table("listmonk.csv", rows).encode() for name, rows in files.items()}


def substack(fates: Fates) -> dict[str, bytes]:
    rows = [
        {
            "email": address,
            "active_subscription": str(number % 2 == 0).lower(),
            "email_disabled": str(fate != "in").lower(),
            "plan": "other",
            "created_at": "2024-05-01T10:00:00.000Z",
        }
        for number, (address, fate) in enumerate(fates.items())
    ]
    emails = table("substack/email_list.exampleforum.csv", rows)
    posts = (EXPORTS / "substack" / "posts.csv").read_text()
    return {"substack.zip": packed({"email_list.exampleforum.csv": emails, "posts.csv": posts})}


def ghost(fates: Fates) -> dict[str, bytes]:
    rows = [
        {
            "id": f"{number:024x}",
            "email": address,
            "name": named(number),
            "subscribed_to_emails": str(fate == "in").lower(),
            "labels": "press,2024",
            "created_at": "2024-05-01T10:00:00.000Z",
        }
        for number, (address, fate) in enumerate(fates.items())
    ]
    return {"members.csv": table("ghost.csv", rows).encode()}


def keila(fates: Fates) -> dict[str, bytes]:
    kinds = {"in": "active", "left": "unsubscribed", "bounced": "unreachable"}
    rows = [
        {"Email": address, "First name": named(number), "Data": "{}", "Status": kinds[fate]}
        for number, (address, fate) in enumerate(fates.items())
    ]
    return {"contacts.csv": table("keila.csv", rows).encode()}


Tool = Callable[[Fates], dict[str, bytes]]
WITH_UNCONFIRMED: tuple[Tool, ...] = (mailchimp,)
TITLES: Mapping[str, Tool] = {
    "Mailchimp": mailchimp,
    "listmonk": listmonk,
    "Substack": substack,
    "Ghost": ghost,
    "Keila": keila,
}


def walk(workspace: Workspace, title: str, fates: Fates, *more: str) -> Counter[str]:
    """Run the commands of a guide on an export of these people; return the sums of its figures."""
    for name, body in TITLES[title](fates).items():
        (workspace.folder / name).write_bytes(body)
    section = read(DOCS / "migrating.md").partition(f"## {title}\n")[2].partition("\n## ")[0]
    [block] = re.findall(r"(?ms)^```sh\n(.*?)^```$", section)
    figures: Counter[str] = Counter()
    for line in block.splitlines():
        _, *arguments = shlex.split(line)
        arguments[2] = str(workspace.folder / arguments[2])
        said = workspace.do(*arguments, *more, "--json").json()
        figures.update(
            {key: said[key] for key in ("new", "known", "suppressed", "refused", "left")}
        )
        figures["skipped"] += sum(said["skipped"].values())
    return figures


def stands(workspace: Workspace) -> dict[str, str]:
    """Address → "in" for a person on the list, else why nothing is sent."""
    rows = csv.DictReader(workspace.do("subscribers", "export").stdout.splitlines())
    return {row["email"]: row["suppressed"] or ("in" if row["lists"] else "off") for row in rows}


@pytest.mark.slow("it runs a dozen commands")
@pytest.mark.parametrize("title", TITLES)
def test_a_move_loses_nobody_and_brings_nobody_back(bare: Workspace, title: str) -> None:
    tool = TITLES[title]
    fates = people(FATES if tool in WITH_UNCONFIRMED else FATES[:-1])
    count = Counter(fates.values())

    tried = walk(bare, title, fates, "--dry-run")
    assert stands(bare) == {}, "a rehearsal changes nothing"
    assert walk(bare, title, fates) == tried
    assert tried.total() == len(fates), "each person is in one of the figures"
    assert (tried["new"], tried["skipped"]) == (count["in"], count["never"])
    moved = stands(bare)
    assert {address for address, fate in moved.items() if fate == "in"} == {
        address for address, fate in fates.items() if fate == "in"
    }
    assert moved.keys() == {address for address, fate in fates.items() if fate != "never"}

    here, there = (address for address, fate in list(fates.items())[:2] if fate == "in")
    bare.do("subscribers", "unsubscribe", here, "--list", "press")
    again = walk(bare, title, {**fates, there: "left"})
    assert (again["new"], again["suppressed"]) == (0, 1)
    after = stands(bare)
    assert (after[here], after.pop(there)) == ("off", "unsubscribed")
    assert {a: f for a, f in after.items() if a != here} == {
        a: f for a, f in moved.items() if a not in {here, there}
    }
