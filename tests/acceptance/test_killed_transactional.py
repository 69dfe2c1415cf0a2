"""A process that dies while it sends an email: at most one arrives, and unknown ones are listed."""

import signal
from collections import Counter
from datetime import timedelta

import pytest

from newsletter.config import environment
from newsletter.domain.delivery.transactional import (
    EmailKind,
    EmailLimits,
    RequestOutcome,
    TransactionalEmail,
)
from newsletter.runtime.services import open_workspace
from tests.acceptance import killing
from tests.acceptance.killing import LETTER, Point
from tests.acceptance.signing import letters
from tests.acceptance.workspace import Workspace

PATIENCE = 60.0
CLAIMED = LETTER.index("letter: after its commit")
LEFT = LETTER.index("post: after it")
BOOKED = LETTER.index("booking: after its commit")


def ask(workspace: Workspace, address: str) -> None:
    with open_workspace(workspace.folder, environment()) as services, services.store.begin() as tx:
        letter = TransactionalEmail(
            id=0,
            kind=EmailKind.JOIN,
            address=address,
            lists=("press",),
            asked_at=services.store.clock.now() - timedelta(seconds=1),
        )
        assert tx.emails.ask(letter, network="", limits=EmailLimits()) is RequestOutcome.NEW


@pytest.mark.slow("a process for each point")
def test_killed_at_each_point_of_a_letter_nobody_gets_two(workspace: Workspace) -> None:
    people = [f"reader{place:02}@letters.example" for place in range(len(LETTER))]
    for address, point in zip(people, LETTER, strict=True):
        ask(workspace, address)
        # the one before it may wait still, and goes first
        passage = 2 if point in LETTER[1 : CLAIMED + 1] else 1
        running = killing.start(workspace, Point(name=point, passage=passage))
        assert running.is_ended(PATIENCE), running.said()
        assert running.process.exitcode == -signal.SIGKILL, f"{point}: {running.said()}"

    last = workspace.start("run", "--until-idle").finish()

    assert last.code == 0, last.stderr
    taken = Counter(line["to"] for line in workspace.journal)
    states = {row["address"]: row["state"] for row in letters(workspace)}
    for place, address in enumerate(people):
        known = place < CLAIMED or place >= BOOKED
        assert states[address] == ("accepted" if known else "unknown"), LETTER[place]
        assert taken[address] == (0 if CLAIMED <= place < LEFT else 1), LETTER[place]
    assert len(workspace.outbox) == taken.total()
