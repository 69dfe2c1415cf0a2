"""What the pipeline needs from the world, in the pipeline's own words.

Each name is imported with the first module that asks for it: a command meets only some of them.
"""

from typing import TYPE_CHECKING

from newsletter.imports import names_of

if TYPE_CHECKING:
    from newsletter.ports.choices import Choices, Dossiers, Trace, Traces
    from newsletter.ports.corrections import Correction, Corrections
    from newsletter.ports.doubt import Resolved, Rest, UnknownBatch, Unknowns
    from newsletter.ports.events import Events, Place
    from newsletter.ports.families import Families, Share
    from newsletter.ports.feeds import (
        Feed,
        FeedCounts,
        Feeds,
        FeedUnreadable,
        Fetched,
        Findings,
        TakenItem,
    )
    from newsletter.ports.letters import (
        ClaimedLetter,
        ConsentRecord,
        Consents,
        LetterLimits,
        Letters,
        Method,
        Taken,
        Writer,
    )
    from newsletter.ports.records import (
        Approvals,
        Audit,
        AuditHead,
        Entered,
        Epoch,
        Hold,
        HoldKind,
        Readers,
        Schedules,
        Staff,
        Statements,
        StoredStatement,
    )
    from newsletter.ports.review import Reviewer
    from newsletter.ports.roundups import Abstracts, Roundups
    from newsletter.ports.search import Hit, Hits, Search, Searchable, Stretch
    from newsletter.ports.sending import (
        Batches,
        Booking,
        Campaigns,
        ClaimedBatch,
        Later,
        Outage,
        Paces,
        Resolution,
        Waiting,
    )
    from newsletter.ports.staging import EXAMPLES, Away, Brought
    from newsletter.ports.store import Staging, Store, Transaction
    from newsletter.ports.world import (
        Capabilities,
        Clock,
        Examiner,
        Finding,
        Forged,
        History,
        Level,
        Links,
        NotAfter,
        Parcel,
        Provider,
        Reading,
        Renderer,
        Replay,
        Sighting,
        Source,
        Told,
        Watermark,
        Webhook,
    )
    from newsletter.ports.zones import Aim, Zones

__all__ = [
    "Aim",
    "Abstracts",
    "Approvals",
    "Audit",
    "Away",
    "Batches",
    "Booking",
    "Brought",
    "Campaigns",
    "Capabilities",
    "Choices",
    "ClaimedBatch",
    "ClaimedLetter",
    "Clock",
    "ConsentRecord",
    "Consents",
    "Correction",
    "Corrections",
    "Dossiers",
    "EXAMPLES",
    "AuditHead",
    "Entered",
    "Epoch",
    "Events",
    "Examiner",
    "Families",
    "Feed",
    "FeedCounts",
    "FeedUnreadable",
    "Feeds",
    "Fetched",
    "Finding",
    "Findings",
    "Forged",
    "History",
    "Hit",
    "Hits",
    "Hold",
    "HoldKind",
    "Later",
    "LetterLimits",
    "Letters",
    "Level",
    "Links",
    "Method",
    "NotAfter",
    "Paces",
    "Parcel",
    "Place",
    "Provider",
    "Readers",
    "Reading",
    "Renderer",
    "Replay",
    "Resolution",
    "Resolved",
    "Rest",
    "Reviewer",
    "Roundups",
    "Schedules",
    "Search",
    "Searchable",
    "Share",
    "Sighting",
    "Source",
    "Staff",
    "Staging",
    "Statements",
    "Store",
    "StoredStatement",
    "Stretch",
    "Taken",
    "TakenItem",
    "Told",
    "Trace",
    "Traces",
    "Transaction",
    "UnknownBatch",
    "Unknowns",
    "Outage",
    "Waiting",
    "Watermark",
    "Webhook",
    "Writer",
    "Zones",
]

__getattr__ = names_of(
    __name__,
    {
        "choices": "Choices Dossiers Trace Traces",
        "corrections": "Correction Corrections",
        "doubt": "Resolved Rest UnknownBatch Unknowns",
        "events": "Events Place",
        "families": "Families Share",
        "feeds": "Feed FeedCounts Feeds FeedUnreadable Fetched Findings TakenItem",
        "letters": (
            "ClaimedLetter ConsentRecord Consents LetterLimits Letters Method Taken Writer"
        ),
        "records": (
            "Approvals Audit AuditHead Entered Epoch Hold HoldKind Readers Schedules "
            "Staff Statements StoredStatement"
        ),
        "review": "Reviewer",
        "roundups": "Abstracts Roundups",
        "search": "Hit Hits Search Searchable Stretch",
        "sending": "Batches Booking Campaigns ClaimedBatch Later Outage Paces Resolution Waiting",
        "staging": "EXAMPLES Away Brought",
        "store": "Staging Store Transaction",
        "world": (
            "Capabilities Clock Examiner Finding Forged History Level Links NotAfter "
            "Parcel Provider Reading Renderer Replay Sighting Source Told Watermark "
            "Webhook"
        ),
        "zones": "Aim Zones",
    },
)
