"""The product: a real workspace, and the scheduler that ``newsletter run --until-idle`` runs.

``python -m bench.product prepare FOLDER RECIPIENTS``, then ``python -m bench.product run FOLDER``
with the sink's address in NEWSLETTER_BENCH_URL. Only ``run`` is measured.
"""

import os
import sys
import time
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measuring import Phase, hand_in
from newsletter.domain.campaigns.campaign import CampaignState
from newsletter.domain.clock import Clock
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.staff.audit import OPERATOR_NAME
from newsletter.domain.staff.role import Role
from newsletter.domain.statements.content import Content
from newsletter.domain.subscribers.audience import Consent, Entry
from newsletter.runtime.clock import SystemClock
from newsletter.runtime.scheduler import Scheduler
from newsletter.runtime.services import Services, open_workspace
from newsletter.store.database import as_instant

SINK_URL = "NEWSLETTER_BENCH_URL"
_STATEMENT = Path(__file__).with_name("statement.md")
_MILLISECOND = timedelta(milliseconds=1)
_MAX_NUMBERS = 3 * 16_000
"""The numbers that a clock keeps, so that a longer campaign takes no more memory."""
_CONFIGURATION = f"""\
organisation:
  name: Example Forum
  website: https://forum.example
  postal_address: 1 Example Street, Washington, DC 20001
  press_contact: {{name: Press Office, email: press@forum.example, phone: "+1 202 555 0100"}}
sender: {{name: Example Forum, address: news@forum.example, reply_to: press@forum.example}}
public_url: https://news.forum.example
timezone: America/New_York
language: en
statements: [{{kind: folder, path: statements}}]
approvals: {{trust_front_matter: true}}
schedule: {{poll: 5s, undo_window: 0s}}
provider:
  kind: mailgun
  domain: forum.example
  api_key: key
  base_url: ${{{SINK_URL}:-http://127.0.0.1:9}}
database: sqlite:///var/newsletter.db
"""


def address(number: int) -> str:
    """The address of the reader with this number."""
    return f"reader{number:07}@readers.example"


def prepare(workspace: Path, recipients: int) -> None:
    """Write the workspace and import its subscribers through the store."""
    (workspace / "statements").mkdir(parents=True)
    (workspace / "newsletter.yaml").write_text(_CONFIGURATION)
    (workspace / "statements" / "harbour.md").write_text(_STATEMENT.read_text())
    now = datetime.now(UTC)
    consent = Consent(source="web form", at=now)
    entries = (
        Entry(address=address(number), lists=("press",), consent=consent)
        for number in range(recipients)
    )
    with open_workspace(workspace, {}) as services, services.store.begin() as tx:
        tx.readers.upsert(entries, now)
        tx.staff.put("editor@forum.example", Role.APPROVER, now)


@dataclass(frozen=True)
class NotingClock:
    """The clock, which notes how much of everything was used up whenever it was asked.

    So the first and the last instants that the product has stored can be found again, more finely
    than stored.
    """

    clock: Clock = field(default_factory=SystemClock)
    readings: "array[float]" = field(default_factory=lambda: array("d"))
    """Three numbers a reading, which are 24 bytes: the instant, and the seconds used up."""

    def now(self) -> datetime:
        """The instant."""
        at, readings = self.clock.now(), self.readings
        readings.extend((at.timestamp(), time.perf_counter(), time.process_time()))
        if len(readings) > _MAX_NUMBERS:  # only the first claim and the end are looked for
            del readings[_MAX_NUMBERS // 2 : _MAX_NUMBERS // 2 + _MAX_NUMBERS // 4]
        return at

    def uptime(self) -> timedelta:
        """As the clock says."""
        return self.clock.uptime()

    def between(self, start: datetime, end: datetime) -> Phase:
        """The use between two stored instants."""
        return self._phase(self._found(start), self._found(end))

    def until(self, end: datetime) -> Phase:
        """The use from the first reading to a stored instant."""
        return self._phase(0, self._found(end))

    def _phase(self, first: int, last: int) -> Phase:
        seconds, cpu = (self.readings[last + each] - self.readings[first + each] for each in (1, 2))
        return Phase(seconds=seconds, cpu=cpu)

    def _found(self, stored: datetime) -> int:
        beginning, end = stored.timestamp(), (stored + _MILLISECOND).timestamp()
        places = range(0, len(self.readings), 3)
        return next(place for place in places if beginning <= self.readings[place] < end)


def run(workspace: Path) -> None:
    """Let the scheduler find the statement, plan, freeze and send; check that all went."""
    clock = NotingClock()
    with open_workspace(workspace, os.environ, clock=clock) as services:
        # each run works on a copy, which the product rightly holds: nothing was ever sent from it
        services.delivery.guard().release(by=OPERATOR_NAME, kinds={HoldKind.RESTORE_GUARD})
        services.tick.prepare()  # what a run loads and builds is paid once, whatever it sends
        del clock.readings[:]
        clock.now()
        Scheduler(services.tick).run(until_idle=True)
        hand_in(_phases(services, clock))


def _phases(services: Services, clock: NotingClock) -> dict[str, Phase]:
    with services.store.read() as tx:
        [campaign] = tx.campaigns.list_newest(None)[::-1]
        claimed_at = as_instant(tx.db.value("SELECT MIN(claimed_at) FROM batch"))
    assert campaign.state is CampaignState.SENT, campaign
    assert campaign.counts.accepted == campaign.counts.audience
    assert campaign.finished_at is not None
    return {
        # a campaign is started at the moment at which its audience begins to be frozen
        "hand over": clock.between(claimed_at, campaign.finished_at),
        "end to end": clock.until(campaign.finished_at),
    }


def content(workspace: Path) -> Content:
    """The mails that readers get."""
    with open_workspace(workspace, {}) as services:
        services.statements.refresh()
        with services.store.read() as tx:
            [stored] = tx.statements.all()
            found = tx.statements.get_content(stored.content_hash)
    assert found is not None
    return found


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        run(Path(sys.argv[2]))
