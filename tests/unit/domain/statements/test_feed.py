"""The items of a feed that become statements: never a backlog, never one twice."""

from dataclasses import replace
from datetime import datetime, timedelta

from newsletter.domain.statements.feed import (
    MAX_NEW_ITEMS,
    ClassifiedItems,
    FeedRecord,
    Item,
    ItemState,
    KnownItem,
    classify,
    next_visit,
)
from tests.fakes import NOON
from tests.rows import rows

DAY = timedelta(days=1)
VISITED = FeedRecord(address="a", first_at=NOON, succeeded_at=NOON + 10 * DAY)


def item(name: str, published: datetime | None = NOON + DAY, **fields: str) -> Item:
    link = f"https://forum.example/{name}"
    given = {"title": f"On {name}", "link": link, "content": "text"} | fields
    return Item(id=name, published=published, **given)  # type: ignore[arg-type]


def known(one: Item, state: ItemState = ItemState.TAKEN, **fields: str) -> KnownItem:
    made = KnownItem(
        number=1,
        id=one.id,
        link=one.link,
        title=one.title,
        published=one.published,
        state=state,
        fingerprint=one.fingerprint(),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def sifted(
    *items: Item, known: tuple[KnownItem, ...] = (), record: FeedRecord = VISITED
) -> ClassifiedItems:
    return classify(items, known, record=record)


def test_at_the_first_visit_everything_is_passed_over() -> None:
    items = (item("a"), item("b", None), item("c", NOON - DAY))
    assert sifted(*items, record=FeedRecord()) == ClassifiedItems(old=items)


def test_a_new_item_is_taken_and_one_older_than_the_first_visit_is_not() -> None:
    new, undated, old = item("new"), item("undated", None), item("old", NOON - DAY)
    there, same = known(item("there")), item("of the same moment", NOON)
    found = sifted(new, undated, same, old, item("there"), known=(there,))
    assert (found.fresh, found.old, found.known) == ((new, undated, same), (old,), ())


def test_the_first_items_of_a_feed_that_was_empty_are_taken() -> None:
    items = (item("a"), item("b"))
    assert sifted(*items).fresh == items


def test_of_two_items_with_one_id_the_first_counts_and_it_is_said() -> None:
    first, second = item("a"), item("a", title="Another")
    found = sifted(first, second)
    assert found.fresh == (first,)
    assert found.remark == "1 of its items have the id of another and do not count"


def test_a_changed_item_is_noticed_and_an_unchanged_one_is_not() -> None:
    before, after = known(item("a")), item("a", content="other")
    assert sifted(after, known=(before,)).known == ((before, after),)
    assert sifted(item("a"), known=(before,)) == ClassifiedItems()


def test_an_item_that_was_passed_over_may_change_as_it_likes() -> None:
    before = known(item("a"), ItemState.PASSED)
    assert sifted(item("a", content="other"), known=(before,)) == ClassifiedItems()


@rows(
    "fields",
    [
        {"link": "https://forum.example/a", "title": "A better title"},
        {"link": "https://new.example/2026/a"},
        {"link": "https://forum.example/?p=7"},
    ],
)
def test_an_item_under_another_id_is_known_by_its_link_or_its_title_and_date(
    fields: dict[str, str],
) -> None:
    before = known(item("a"))
    there = known(item("b"))
    moved = replace(item("a", **fields), id="other")
    found = sifted(moved, item("b"), known=(before, there))
    assert (found.fresh, found.known) == ((), ((before, moved),))


def test_an_item_is_another_one_while_the_known_one_is_still_listed() -> None:
    same = replace(item("a"), id="other")
    assert sifted(item("a"), same, known=(known(item("a")),)).fresh == (same,)


@rows("link", ["https://forum.example/", "", "https://[broken/a"])
def test_a_link_to_no_page_makes_no_two_items_one(link: str) -> None:
    before = known(item("a", link=link))
    new = item("b", link=link)
    found = sifted(new, item("c"), known=(before, known(item("c"))))
    assert found.fresh == (new,)


def test_a_link_that_two_share_makes_none_of_them_a_known_one() -> None:
    page = "https://forum.example/news"
    first, second = item("b", link=page), item("c", link=page)
    found = sifted(first, second, item("d"), known=(known(item("a", link=page)), known(item("d"))))
    assert found.fresh == (first, second)


def test_items_without_a_title_are_not_taken_for_each_other() -> None:
    before, new = known(item("a", title="")), item("b", title="")
    found = sifted(new, item("c"), known=(before, known(item("c"))))
    assert found.fresh == (new,)


def test_an_item_with_the_title_of_an_older_one_is_news() -> None:
    before, new = known(item("a", title="Weekly")), item("b", NOON + 2 * DAY, title="Weekly")
    found = sifted(new, item("c"), known=(before, known(item("c"))))
    assert found.fresh == (new,)


def test_where_nothing_is_known_any_more_only_what_is_surely_new_is_taken() -> None:
    undated, old, new = item("u", None), item("o", NOON + DAY), item("n", NOON + 11 * DAY)
    found = sifted(undated, old, new, known=(known(item("before")),))
    assert (found.fresh, found.old) == ((new,), (undated, old))
    assert "none of its items was known" in found.remark


def test_where_all_is_surely_new_nothing_is_said() -> None:
    items = (item("a", NOON + 11 * DAY), item("b", NOON + 12 * DAY))
    found = sifted(*items, known=(known(item("before")),))
    assert found == ClassifiedItems(fresh=items)


def test_one_unknown_item_alone_is_news() -> None:
    assert sifted(item("a"), known=(known(item("before")),)).fresh == (item("a"),)


def test_a_flood_is_no_news() -> None:
    items = tuple(item(str(n)) for n in range(MAX_NEW_ITEMS + 1))
    found = sifted(*items)
    assert (found.fresh, found.old) == ((), items)
    assert found.remark == "51 new items at once are no news: none was taken"


def test_thousands_of_items_that_all_moved_are_met_again() -> None:
    before = tuple(known(item(str(n))) for n in range(2_000))
    moved = [replace(item(str(n)), id=f"new-{n}") for n in range(2_000)]
    found = classify(moved, before, record=VISITED)
    assert not found.fresh
    assert len(found.known) == 2_000


@rows(
    ("failures", "asked", "minutes"),
    [
        (0, None, 15),
        (1, None, 1),
        (3, None, 4),
        (9, None, 60),
        (99, None, 60),
        (1, timedelta(minutes=90), 90),
        (1, timedelta(days=9), 24 * 60),
    ],
)
def test_after_failures_it_is_tried_soon_and_then_ever_later(
    failures: int, asked: timedelta | None, minutes: int
) -> None:
    every = timedelta(minutes=15)
    for share, factor in ((0.0, 1.0), (1.0, 1.1)):
        at = next_visit(NOON, every=every, failures=failures, retry_after=asked, share=share)
        assert at == NOON + timedelta(minutes=minutes) * factor
