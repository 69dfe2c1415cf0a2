"""A provider that takes messages without an answer: one message each, and correct books."""

from collections import Counter
from typing import Any

import pytest

from tests.acceptance.hostile import (
    FATES,
    Fortune,
    HostileBrevo,
    HostileMailgun,
    HostileMailjet,
    HostileMailtrap,
    HostilePostmark,
    HostileResend,
    HostileSendGrid,
)
from tests.acceptance.workspace import Workspace, readers

CHANCE = 0.2


@pytest.fixture
def many(thorough: bool) -> int:
    """Readers of most of these campaigns."""
    return 100_000 if thorough else 12_000


@pytest.fixture
def some(thorough: bool) -> int:
    """Readers where each takes longer."""
    return 20_000 if thorough else 8_000


Asked = HostileMailgun | HostilePostmark | HostileSendGrid | HostileMailtrap


def send(workspace: Workspace, people: list[str], code: int = 0, **provider: Any) -> None:
    """Send one statement to all of them, and to the ten who are there already."""
    workspace.configure(provider={"concurrency": 8, "timeout": "2s", **provider})
    workspace.subscribe(people)
    workspace.write_and_approve("news")
    done = workspace.start("run", "--until-idle").finish(seconds=600)
    assert done.code == code, done.stderr[-2000:]


def counted(server: HostileResend | HostileBrevo | HostileMailjet | Asked) -> Counter[str]:
    """Address → how many messages it has."""
    return Counter(message.to for message in server.delivered)


@pytest.mark.faults(seconds=60)
def test_with_keys_nothing_stays_unknown_and_nobody_gets_two(
    workspace: Workspace, many: int
) -> None:
    people = readers(many)
    with HostileResend(fortune=Fortune(chance=CHANCE)) as resend:
        send(workspace, people, kind="resend", api_key=resend.api_key, base_url=resend.url)
        assert set(resend.fortune.fates) == set(FATES)
        assert counted(resend) == Counter(people)
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", many, 0)


@pytest.mark.faults(seconds=60)
def test_with_keys_and_records_nothing_stays_unknown_and_nobody_gets_two(
    workspace: Workspace, some: int
) -> None:
    people = readers(some)
    with HostileBrevo(fortune=Fortune(chance=0.3)) as brevo:
        about = {"kind": "brevo", "api_key": brevo.api_key, "batch_size": 200, "settle": "4s"}
        send(workspace, people, base_url=brevo.url, **about)
        assert set(brevo.fortune.fates) == set(FATES)
        assert counted(brevo) == Counter(people)
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", some, 0)


@pytest.mark.faults(seconds=60)
@pytest.mark.parametrize(
    ("make", "size", "chance"),
    [
        (HostileMailgun, 200, 0.1),
        (HostilePostmark, 200, 0.1),
        (HostileSendGrid, 1000, 0.3),
        (HostileMailtrap, 200, 0.1),
    ],
    ids=["mailgun", "postmark", "sendgrid", "mailtrap"],
)
def test_with_records_nothing_stays_unknown_and_nobody_gets_two(
    workspace: Workspace, make: type[Asked], size: int, chance: float, many: int, thorough: bool
) -> None:
    if not thorough:  # fewer readers: smaller batches, more of which go astray
        size, chance = 200, 0.3
    people = readers(many)
    with make(fortune=Fortune(chance=chance)) as server:
        send(workspace, people, base_url=server.url, batch_size=size, settle="4s", **keys(server))
        assert set(server.fortune.fates) == set(FATES)
        assert counted(server) == Counter(people)
    report = workspace.report("news")
    assert (report["state"], report["accepted"], report["unknown"]) == ("sent", many, 0)


@pytest.mark.faults(seconds=60)
def test_with_neither_whoever_is_in_doubt_is_named_and_nobody_gets_two(
    workspace: Workspace, many: int
) -> None:
    people = readers(many)
    refused = people[::500]
    with HostileMailjet(fortune=Fortune(chance=CHANCE)) as mailjet:
        error = {"ErrorCode": "mj-0013", "StatusCode": 400, "ErrorRelatedTo": ["To[0].Email"]}
        error["ErrorMessage"] = '"To" is an invalid email address.'
        mailjet.refuses = dict.fromkeys(refused, error)
        about = {"kind": "mailjet", "api_key": mailjet.api_key, "secret_key": mailjet.secret_key}
        send(workspace, people, code=5, base_url=mailjet.url, **about)
        assert set(mailjet.fortune.fates) == set(FATES)
        taken = counted(mailjet)
    report = workspace.report("news")
    assert report["state"] == "attention"
    assert max(taken.values()) == 1
    unknown = set(report["unknown_addresses"])
    assert len(unknown) == report["unknown"] >= 50 * mailjet.fortune.fates.total()
    rejected = {row["address"] for row in report["exceptions"] if row["state"] == "rejected"}
    assert rejected == set(refused) - unknown
    # all of whom it is known have it or were refused, and of the others each is named
    assert set(people) == (taken.keys() - unknown) | rejected | unknown
    assert report["accepted"] == len(taken.keys() - unknown)


def keys(server: Asked) -> dict[str, str]:
    match server:
        case HostileMailgun():
            return {"kind": "mailgun", "domain": server.domain, "api_key": server.api_key}
        case HostilePostmark():
            return {"kind": "postmark", "server_token": server.known}
        case HostileSendGrid():
            return {"kind": "sendgrid", "api_key": server.api_key}
        case HostileMailtrap():
            return {"kind": "mailtrap", "api_token": server.api_token}
