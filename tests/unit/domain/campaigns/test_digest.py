"""The statements that a digest email gathers, and its text."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from newsletter.domain.campaigns.campaign import Campaign, CampaignState
from newsletter.domain.campaigns.digest import (
    Abstract,
    Digest,
    Every,
    Issue,
    choose_campaigns,
    compose_issue,
    current_campaigns,
    pick_language,
)
from newsletter.domain.statements.statement import Progress, Statement
from tests.fakes import NOON
from tests.rows import rows

HOUR = timedelta(hours=1)
WEEKLY = Digest(
    name="weekly",
    title="The week at Example Forum",
    every=Every.WEEK,
    day="friday",
    at="16:00",
    lists=("supporters",),
    language="en",
)


def went_out(slug: str, hours: float | None = 0, number: int = 1, **fields: object) -> Campaign:
    """A campaign that began so many hours after noon."""
    began = None if hours is None else NOON + hours * HOUR
    known = Campaign(
        id=number,
        slug=slug,
        content_hash="d",
        state=CampaignState.SENT,
        release_at=NOON,
        approved_by=("ed@forum.example",),
        lists=("press",),
        provider="outbox",
        started_at=began,
    )
    return replace(known, **fields)  # type: ignore[arg-type] # one place for all tests


def chosen(
    *campaigns: Campaign,
    after: datetime = NOON,
    upto: datetime = NOON + 24 * HOUR,
    gathers: tuple[str, ...] = (),
    listed: tuple[str, ...] = (),
) -> list[str]:
    found = choose_campaigns(campaigns, after=after, upto=upto, gathers=gathers, listed=listed)
    return [one.slug for one in found]


def test_it_gathers_what_began_after_the_last_one_and_until_this_one() -> None:
    campaigns = [went_out(f"s{hours}", hours) for hours in (0, 0.001, 12, 24, 24.001)]
    assert chosen(*campaigns) == ["s0.001", "s12", "s24"]


def test_it_names_them_in_the_order_in_which_they_went_out() -> None:
    late, early = went_out("late", 9, 1), went_out("early", 3, 2)
    same = went_out("same", 3, 3)
    assert chosen(late, same, early) == ["early", "same", "late"]


@rows(
    ("state", "named"),
    [
        (CampaignState.SENDING, True),
        (CampaignState.PAUSED, True),
        (CampaignState.SENT, True),
        (CampaignState.ATTENTION, True),
        (CampaignState.CANCELLED, False),
    ],
)
def test_what_was_cancelled_is_not_named(state: CampaignState, named: bool) -> None:
    assert chosen(went_out("one", 1, state=state)) == ["one"] * named


def test_what_has_not_begun_is_not_named() -> None:
    assert chosen(went_out("embargoed", None, state=CampaignState.SCHEDULED)) == []


@rows(
    ("gathers", "named"),
    [
        ((), ["all", "press"]),
        (("press",), ["press"]),
        (("press", "city"), ["press"]),
        (("all", "press"), ["all", "press"]),
        (("city",), []),
    ],
)
def test_it_gathers_what_went_to_one_of_its_lists(
    gathers: tuple[str, ...], named: list[str]
) -> None:
    campaigns = [
        went_out("press", 2, lists=("press", "members")),
        went_out("all", 1, lists=("all",)),
    ]
    assert chosen(*campaigns, gathers=gathers) == named


def test_what_was_listed_before_is_not_named_again() -> None:
    assert chosen(went_out("old", 1), went_out("new", 2), listed=("old",)) == ["new"]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    original = went_out("figures", 1)
    correction = went_out("figures-corrected", 5, corrects="figures")
    assert chosen(original, correction) == ["figures-corrected"]


def test_a_correction_that_came_after_the_slot_takes_the_place_too_and_comes_once() -> None:
    original = went_out("figures", 1)
    second = went_out("second", 30, corrects="first")
    first = went_out("first", 2, corrects="figures")
    assert chosen(second, original, first) == ["second"]
    assert chosen(original, first, second, after=NOON + 24 * HOUR, listed=("second",)) == []


def test_an_original_that_was_ended_by_its_correction_is_named_by_it() -> None:
    ended = went_out("a", 1, state=CampaignState.CANCELLED, corrected_by="b")
    assert chosen(ended, went_out("b", 2, corrects="a")) == ["b"]


def test_a_correction_that_has_not_begun_or_was_cancelled_corrects_nothing_yet() -> None:
    original = went_out("figures", 1)
    waiting = went_out("b", None, corrects="figures", state=CampaignState.SCHEDULED)
    cancelled = went_out("b", 3, corrects="figures", state=CampaignState.CANCELLED)
    assert chosen(original, waiting) == ["figures"]
    assert chosen(original, cancelled) == ["figures"]
    # an issue that named it before it was cancelled names the original again
    assert current_campaigns(["b"], [original, cancelled]) == (original,)


def test_parts_stand_while_nothing_happened_to_them() -> None:
    campaigns = [went_out("a", 1), went_out("b", 2), went_out("c", 3)]
    assert [one.slug for one in current_campaigns(["a", "c"], campaigns)] == ["a", "c"]
    gone = [replace(campaigns[0], state=CampaignState.CANCELLED), *campaigns[1:]]
    assert [one.slug for one in current_campaigns(["a", "c"], gone)] == ["c"]


@rows(
    ("languages", "named"),
    [(["en", "es"], ["en"]), (["es", "en"], ["en"]), (["es", "fr"], ["es"]), (["es"], ["es"])],
)
def test_of_translations_only_one_is_named(languages: list[str], named: list[str]) -> None:
    first, *others = languages
    statements = [statement(first, language=first)]
    statements += [statement(one, language=one, translation_of=first) for one in others]
    alone = statement("alone", language="fr")
    found = pick_language([*statements, alone], "en")
    assert [one.slug for one in found] == [*named, "alone"]


def statement(slug: str, **fields: object) -> Statement:
    made = Statement(slug=slug, title=slug, body="Text.", lists=("press",), language="en")
    return replace(made, **fields)  # type: ignore[arg-type] # one place for all tests


ABSTRACTS = [
    Abstract(
        title="Forum resigns",
        address="https://news.forum.example/archive/resignation",
        dated="24 November 2026",
        opening="It had to.",
    ),
    Abstract(title="Budget", address="https://x.example/b", dated="25 November 2026", opening=""),
]


def test_an_issue_says_of_each_part_its_title_where_it_is_its_date_and_its_opening() -> None:
    made = compose_issue(WEEKLY, date(2026, 11, 27), ABSTRACTS, dated="27 November 2026")
    assert made == Statement(
        slug="weekly-2026-11-27",
        title="The week at Example Forum",
        body=(
            "## [Forum resigns](<https://news.forum.example/archive/resignation>)\n\n"
            "24 November 2026 · It had to.\n\n"
            "## [Budget](<https://x.example/b>)\n\n"
            "25 November 2026\n"
        ),
        lists=("supporters",),
        language="en",
        date=date(2026, 11, 27),
        summary="Forum resigns · Budget",
        progress=Progress.REVIEW,
        digest="weekly",
        origin="digest email weekly-2026-11-27",
    )


def test_its_words_stand_first_and_its_title_may_hold_the_day() -> None:
    settings = replace(WEEKLY, intro="*Three* minutes.\n\nOf news.\n", title="Week to {date}")
    made = compose_issue(settings, date(2026, 11, 27), ABSTRACTS, dated="27 November 2026")
    assert made.title == "Week to 27 November 2026"
    assert made.body.startswith("*Three* minutes.\n\nOf news.\n\n## [Forum")


def test_an_issue_has_the_slug_of_its_statement() -> None:
    issue = Issue(name="weekly", day=date(2026, 11, 27), upto=NOON)
    assert issue.slug == compose_issue(WEEKLY, issue.day, ABSTRACTS, dated="").slug


@rows(
    ["every", "day", "said"],
    [
        (Every.WEEK, "friday", "every Friday at 16:00"),
        (Every.MONTH, 15, "day 15 of each month at 16:00"),
        (Every.MONTH, "last", "last day of each month at 16:00"),
    ],
)
def test_when_a_digest_comes_is_said_in_words(every: Every, day: object, said: str) -> None:
    assert replace(WEEKLY, every=every, day=day).recurrence == said
