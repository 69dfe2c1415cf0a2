"""What the pipeline needs from the world, in the pipeline's own words."""

from newsletter.ports.records import (
    Approvals,
    Audit,
    Entered,
    Hold,
    Readers,
    Schedules,
    Staff,
    Statements,
    StoredStatement,
)
from newsletter.ports.sending import (
    Batches,
    Booking,
    Campaigns,
    ClaimedBatch,
    Resolution,
    Waiting,
)
from newsletter.ports.store import (
    Store,
    Transaction,
)
from newsletter.ports.world import (
    Capabilities,
    Clock,
    Forged,
    Links,
    Parcel,
    Provider,
    Reading,
    Renderer,
    Replay,
    Source,
    Webhook,
)

__all__ = [
    "Approvals",
    "Audit",
    "Batches",
    "Booking",
    "Campaigns",
    "Capabilities",
    "ClaimedBatch",
    "Clock",
    "Entered",
    "Forged",
    "Hold",
    "Links",
    "Parcel",
    "Provider",
    "Readers",
    "Reading",
    "Renderer",
    "Replay",
    "Resolution",
    "Schedules",
    "Source",
    "Staff",
    "Statements",
    "Store",
    "StoredStatement",
    "Transaction",
    "Waiting",
    "Webhook",
]
