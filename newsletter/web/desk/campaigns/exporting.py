"""The report of a campaign as a file for spreadsheets. No reader's address is in it, for nobody."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

from newsletter.domain.campaigns.campaign import Campaign
from newsletter.domain.events import Bounce
from newsletter.domain.statements.statement import Role
from newsletter.pipeline.campaigns.report import figures
from newsletter.runtime.campaigns import Campaigns
from newsletter.store.sql import Transaction
from newsletter.subscriber_files.csv_files import guarded
from newsletter.web.desk.campaigns.watching import BOUNCES, KINDS, SIX, campaign_of, title_of
from newsletter.web.desk.deciding import colleagues, provider_named, titles
from newsletter.web.desk.page import Desk
from newsletter.web.desk.route import Route
from newsletter.web.desk.visit import Visit


class Exporting:
    """What a report says, in two columns."""

    def __init__(self, desk: Desk, campaigns: Campaigns) -> None:
        self._desk = desk
        self._campaigns = campaigns

    def routes(self) -> list[Route]:
        """Path and method → page."""
        here = "/campaigns/{id}/report.csv"
        return [Route(method="GET", path=here, role=Role.VIEWER, answer=self.file)]

    def file(self, visit: Visit) -> Response:
        """The file, under the name of its statement."""
        with self._campaigns.store.read() as tx:
            campaign = campaign_of(tx, visit)
            rows = list(self._rows(tx, campaign))
        written = io.StringIO()
        sheet = csv.writer(written)
        sheet.writerow(["What", "Value"])
        sheet.writerows([guarded(name), guarded(str(value))] for name, value in rows)
        # the mark in front tells spreadsheets that the letters are UTF-8
        data = written.getvalue().encode("utf-8-sig")
        name = f"{campaign.slug}-report.csv"
        return self._desk.file(data, name=name, kind="text/csv; charset=utf-8")

    def _rows(self, tx: Transaction, campaign: Campaign) -> Iterator[tuple[str, object]]:
        said, names = figures(tx, campaign), colleagues(tx)
        settings = self._campaigns.settings
        yield "Statement", title_of(tx, campaign)
        yield "Name", campaign.slug
        yield "State", KINDS[campaign.state][1]
        yield "Lists", titles(settings, campaign.lists)
        yield "Segment", said["segment"]
        yield "Approved by", ", ".join(names.get(one, "Somebody") for one in campaign.approved_by)
        yield "Version", campaign.content_hash
        yield "Provider", provider_named(said["providers"])
        yield "Began", self._at(campaign.started_at)
        yield "Ended", self._at(campaign.finished_at)
        yield "People in all", said["audience"]
        for name, label in SIX:
            yield label.capitalize(), said[name]
        yield "Unsubscribed by its link", said["unsubscribed"]
        if not said["events_received"]:  # nobody told: that is no nought
            yield "Delivered", "not known"
            yield "Bounced", "not known"
            yield "Reported as spam", "not known"
            return
        yield "Delivered", said["delivered"]
        yield "Bounced", said["bounced"]
        for kind in Bounce:
            yield f"Bounced: {BOUNCES[kind]}", said["bounces"][kind.value]
        yield "Reported as spam", said["complained"]

    def _at(self, instant: datetime | None) -> str:
        """A time as spreadsheets read one, in the zone of the workspace, and how far that is."""
        if instant is None:
            return ""
        local = instant.astimezone(ZoneInfo(self._campaigns.settings.timezone))
        return local.isoformat(sep=" ", timespec="seconds")
