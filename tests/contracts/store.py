"""The contract of every store: inherit StoreContract with a fixture ``store``."""

from tests.contracts.store_accounts import (
    AccountsContract,
    InvitationsContract,
    SessionsContract,
    ThrottleContract,
    TokensContract,
)
from tests.contracts.store_again import AgainContract
from tests.contracts.store_batches import BatchesContract
from tests.contracts.store_board import BoardContract
from tests.contracts.store_campaigns import CampaignsContract
from tests.contracts.store_changes import ChangesContract, OpenContract
from tests.contracts.store_choices import ChoicesContract
from tests.contracts.store_confirming import ConfirmingContract
from tests.contracts.store_consents import ConsentsContract
from tests.contracts.store_corrections import CorrectionsContract
from tests.contracts.store_digests import DigestsContract
from tests.contracts.store_drafts import DraftsContract
from tests.contracts.store_events import EventsContract
from tests.contracts.store_feeds import FeedsContract
from tests.contracts.store_hours import HoursContract
from tests.contracts.store_notices import NoticesContract
from tests.contracts.store_others import OthersContract
from tests.contracts.store_outcomes import OutcomesContract
from tests.contracts.store_rate_limits import PacesContract
from tests.contracts.store_readers import ReadersContract
from tests.contracts.store_records import RecordsContract
from tests.contracts.store_search import SearchContract
from tests.contracts.store_segments import SegmentsContract
from tests.contracts.store_staging import StagingContract
from tests.contracts.store_starting import StartingContract
from tests.contracts.store_threads import ThreadsContract
from tests.contracts.store_transactional import LettersContract
from tests.contracts.store_translations import FamiliesContract
from tests.contracts.store_unknowns import UnknownsContract
from tests.contracts.store_workers import WorkersContract


class StoreContract(
    RecordsContract,
    ReadersContract,
    StagingContract,
    CampaignsContract,
    CorrectionsContract,
    FamiliesContract,
    SegmentsContract,
    HoursContract,
    BatchesContract,
    OthersContract,
    OutcomesContract,
    UnknownsContract,
    AgainContract,
    ConfirmingContract,
    EventsContract,
    PacesContract,
    DigestsContract,
    DraftsContract,
    FeedsContract,
    LettersContract,
    NoticesContract,
    ConsentsContract,
    ChoicesContract,
    SearchContract,
    StartingContract,
    ThreadsContract,
    WorkersContract,
    ChangesContract,
    OpenContract,
    BoardContract,
    AccountsContract,
    SessionsContract,
    InvitationsContract,
    ThrottleContract,
    TokensContract,
):
    """All parts of newsletter.ports.Store, behind one fixture ``store``."""
