"""A person confirms that the provider accepted: the books and the campaign follow."""

from newsletter.domain.campaigns.campaign import CampaignState, Counts
from newsletter.domain.delivery.batch import Resolution, Verdict
from newsletter.pipeline.outgoing import confirm
from tests.fakes import always
from tests.unit.pipeline.newsroom import Newsroom


def tell(room: Newsroom, *members: int) -> int:
    with room.store.begin() as tx:
        told = dict.fromkeys(members, "")
        return confirm(tx, room.campaign().id, told, "told by an event")


def test_while_some_are_unknown_the_campaign_asks_for_as_many_as_there_are(lost: Newsroom) -> None:
    ended = lost.campaign().finished_at
    lost.clock.advance(minutes=1)
    assert tell(lost, 1, 2, 3) == 3
    campaign = lost.campaign()
    assert campaign.counts == Counts(accepted=3, unknown=7)
    assert (campaign.state, campaign.finished_at) == (CampaignState.ATTENTION, ended)
    assert campaign.reason.startswith("for 7 it is unknown")


def test_when_the_last_is_known_the_campaign_is_sent(lost: Newsroom) -> None:
    assert tell(lost, *range(1, 11)) == 10
    campaign = lost.campaign()
    assert (campaign.state, campaign.reason) == (CampaignState.SENT, "")
    assert campaign.counts == Counts(accepted=10)
    assert lost.deeds()[-1] == ("scheduler", "finish")


def test_what_is_known_already_changes_nothing(lost: Newsroom) -> None:
    tell(lost, *range(1, 11))
    lines = lost.deeds()
    assert tell(lost, 1, 2) == 0
    assert lost.deeds() == lines


def test_a_cancelled_campaign_stays_so_when_its_unknown_become_known(room: Newsroom) -> None:
    room.start(15)
    room.dispatch(always(Verdict.UNKNOWN))
    room.hand().cancel("resignation")
    assert tell(room, *range(1, 11)) == 10
    assert room.campaign().state is CampaignState.CANCELLED
    assert room.counts() == Counts(accepted=10, cancelled=5)


def test_a_campaign_ends_whose_last_batch_was_known_before_it_went_out_again(
    lost: Newsroom,
) -> None:
    lost.hand().resolve("resignation", Resolution.RESEND)
    assert lost.campaign().state is CampaignState.SENDING
    tell(lost, *range(1, 11))
    assert lost.campaign().state is CampaignState.SENT
