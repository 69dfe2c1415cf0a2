"""Names that people write: a slug, its beginning, a campaign's number, or nearly one of them."""

import pytest

from newsletter.domain.errors import NotFound
from newsletter.pipeline.ledger import find_campaign, find_slug
from tests.unit.pipeline.newsroom import Newsroom


@pytest.fixture
def known(room: Newsroom) -> Newsroom:
    room.start(slug="hours")
    room.write("hours-fr")
    room.write_and_look("forum-resigns")
    return room


def statement(room: Newsroom, name: str, *, shows: bool = True) -> str:
    with room.store.read() as tx:
        return find_slug(tx, name, by_prefix=shows)


def campaign(room: Newsroom, name: str) -> int:
    with room.store.read() as tx:
        return find_campaign(tx, name).id


def test_a_slug_means_itself_though_another_begins_with_it(known: Newsroom) -> None:
    assert statement(known, "hours") == "hours"


def test_a_beginning_that_only_one_has_is_enough_to_show_it(known: Newsroom) -> None:
    """An act takes the whole name: a new file may have that name, and a fault."""
    assert statement(known, "for") == "forum-resigns"
    assert statement(known, "hours-") == "hours-fr"
    with known.store.read() as tx:
        assert find_campaign(tx, "hours", by_prefix=True).id == 1
    with pytest.raises(NotFound, match="'for' is only the beginning of forum-resigns"):
        statement(known, "for", shows=False)
    with pytest.raises(NotFound, match="write the whole name"):
        known.hand().resume("hours-")


def test_a_campaigns_number_means_its_statement(known: Newsroom) -> None:
    assert statement(known, "1") == "hours"
    assert campaign(known, "1") == campaign(known, "hours") == 1


def test_a_beginning_of_several_names_them(known: Newsroom) -> None:
    with pytest.raises(NotFound, match="'ho' is only the beginning of hours") as caught:
        statement(known, "ho")
    assert "hours-fr" in str(caught.value)
    for number in range(5):
        known.write(f"ho-{number}")
    known.look()
    with pytest.raises(NotFound, match="…; write the whole name"):
        statement(known, "ho-")


@pytest.mark.parametrize("find", [statement, campaign])
def test_a_mistyped_name_gets_a_suggestion(known: Newsroom, find: object) -> None:
    assert callable(find)
    with pytest.raises(NotFound, match="did you mean hours") as caught:
        find(known, "houres")
    assert "list' shows them" in str(caught.value)


@pytest.mark.parametrize("name", ["zzz", "", "9" * 40, "²"])
def test_where_nothing_is_like_it_nothing_is_suggested(known: Newsroom, name: str) -> None:
    with pytest.raises(NotFound, match="there is no statement") as caught:
        statement(known, name)
    assert "did you mean" not in str(caught.value)


def test_a_statement_that_has_no_campaign_yet_says_so(known: Newsroom) -> None:
    with pytest.raises(NotFound, match="no campaign yet"):
        campaign(known, "forum-resigns")
