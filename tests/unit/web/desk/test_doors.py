"""Act × door: each door that leads to an act refuses a forbidden one, and changes nothing.

Somebody looks at a page, something happens ``meanwhile``, and they press. A command looks and
decides in one go, so it has two doors: what happens before it, and what overtakes it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from newsletter.documents.sandbox import ALL_GATES
from newsletter.domain.errors import NewsletterError
from newsletter.domain.statements.statement import ApprovalStatus
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.ledger import find_statement
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.pipeline.status import find_status
from newsletter.rendering.markdown.markdown import MAX_SHORT_CHARS
from newsletter.sources.feeds.readers import FeedUnreadable, Page, SandboxReader
from tests.acceptance.calling import call
from tests.desk import Staffed, address_of
from tests.pages import Kept, kept_after
from tests.unit.web.desk.deciding import SLUG, Room, room
from tests.unit.web.desk.writing import Desk, as_json, multipart, png
from tests.unit.web.test_monitoring import give_a_sign_of_life

LATE = datetime(2150, 1, 2, 12, tzinfo=UTC)
"""Commands read the clock of this machine."""
SOON, PAST = LATE - timedelta(days=300), datetime(2020, 1, 2, 12, tzinfo=UTC)
Act = Callable[[Room], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something that is forbidden."""

    name: str
    who: str
    before: Act | None = None
    meanwhile: Act | None = None
    at: datetime | None = None
    """The time for which it is started or set."""
    is_shown_anew: bool = False
    """A command that comes after it shows what holds then, and may do it."""

    def prepare(self, at: Room) -> None:
        if self.before is not None:
            self.before(at)

    def happen(self, at: Room) -> None:
        if self.meanwhile is not None:
            self.meanwhile(at)


Door = Callable[[Room, Case], bool]
"""Knock; returns whether it was refused."""


kept = kept_after(room, approvals={"trust_front_matter": True})


def state(at: Room) -> object:
    """All that the acts change."""
    with at.services.store.read() as tx:
        valid = find_status(tx, SLUG, at.services.campaigns.rules).approval.valid
        return valid, tx.starts.list_for(SLUG), tx.schedules.get(SLUG), tx.campaigns.count()


def command(at: Room, *arguments: str) -> bool:
    code, _, _ = call(arguments, folder=at.site.folder, environment={"PATH": "/usr/bin"})
    return code != 0


def refuses(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except NewsletterError:
        return True
    return False


def posted(at: Room, case: Case, path: str, /, **typed: str) -> bool:
    """Send a form with what its page showed."""
    who, shown = at.as_(case.who, fresh=True), at.services.campaigns.current_terms(SLUG)
    seen = {"digest": at.content_hash, "shown": str(shown.readers), "shown_time": shown.time}
    case.happen(at)
    return who.post(f"/statements/{SLUG}/{path}", seen | typed).status >= 400


def approve_by_command(at: Room, case: Case, *more: str) -> bool:
    seen = at.content_hash
    case.happen(at)
    by = ("--by", address_of(case.who), "--digest", seen)
    return command(at, "statement", "approve", SLUG, *by, *more)


def approve_overtaken(at: Room, case: Case, **more: Any) -> bool:
    shown, seen = at.services.campaigns.current_terms(SLUG), at.content_hash
    case.happen(at)
    asked = ApprovalRequest(slug=SLUG, by=address_of(case.who), expect=seen, shown=shown, **more)
    return refuses(lambda: at.services.statements.approve(asked))


def approve_by_file(at: Room, case: Case) -> bool:
    """The statement's own file names who approves it: it is refused by not counting."""
    path = at.site.folder / "statements" / f"{SLUG}.md"
    text = path.read_text("utf-8")
    status = "" if "status: draft" in text else "status: approved\n"
    names = f"---\n{status}approved_by: [{address_of(case.who)}]\n"
    path.write_text(text.replace("---\n", names, 1), "utf-8")
    at.services.statements.refresh()
    with at.services.store.read() as tx:
        valid = find_status(tx, SLUG, at.services.campaigns.rules).approval.valid
        return address_of(case.who) not in {one.by for one in valid}


APPROVE: Mapping[str, Door] = {
    "page": lambda at, case: posted(at, case, "review"),
    "command": approve_by_command,
    "command, overtaken": approve_overtaken,
    "file": approve_by_file,
}
OVERRIDE: Mapping[str, Door] = {
    "page": lambda at, case: posted(at, case, "override", why="Ben is away"),
    "command": lambda at, case: approve_by_command(
        at, case, "--override", "--despite", "Ben is away"
    ),
    "command, overtaken": partial(approve_overtaken, override=True, despite="Ben is away"),
}


def times(at: Room, case: Case) -> dict[str, str]:
    if case.at is None:
        return {"when": "written"}
    wall = case.at.astimezone(ZoneInfo(at.services.settings.timezone))
    return {"when": "at", "at": f"{wall:%Y-%m-%dT%H:%M}"}


def start_by_page(at: Room, case: Case) -> bool:
    return posted(at, case, "start", right="yes", **times(at, case))


def start_by_command(at: Room, case: Case) -> bool:
    seen = at.content_hash
    case.happen(at)
    by = ("--by", address_of(case.who), "--digest", seen, "--count", "12")
    time = () if case.at is None else ("--at", case.at.isoformat())
    return command(at, "statement", "start", SLUG, *by, *time)


def start_overtaken(at: Room, case: Case) -> bool:
    shown, seen = at.services.campaigns.current_terms(SLUG), at.content_hash
    case.happen(at)
    asked = StartRequest(slug=SLUG, by=address_of(case.who), seen=seen, shown=shown, at=case.at)
    return refuses(lambda: at.services.campaigns.starter().start(asked))


def schedule_by_page(at: Room, case: Case) -> bool:
    return posted(at, case, "time", **times(at, case))


def schedule_by_command(at: Room, case: Case) -> bool:
    by = ("--by", address_of(case.who))
    if case.at is None:
        return command(at, "statement", "unschedule", SLUG, *by)
    return command(at, "statement", "schedule", SLUG, *by, "--at", case.at.isoformat())


START: Mapping[str, Door] = {
    "page": start_by_page,
    "command": start_by_command,
    "command, overtaken": start_overtaken,
}
SCHEDULE: Mapping[str, Door] = {"page": schedule_by_page, "command": schedule_by_command}


def another_service(at: Room) -> None:
    give_a_sign_of_life(at.site, at.clock.now() - LATE)  # also by the clock of a command
    with at.services.store.begin() as tx:
        tx.running_service.replace_note("another", "a")


def changed(at: Room) -> None:
    at.write("The library opens at eight.")


def more_readers(at: Room) -> None:
    at.site.subscribe(*(f"more{number}@readers.example" for number in range(5)))


def written(body: str = "The library opens at nine.", **head: Any) -> Act:
    return lambda at: at.write(body, **head)


def scheduled(when: datetime | None) -> Act:
    return lambda at: at.services.campaigns.starter().schedule(
        SLUG, when, by=address_of("cleo"), renews_approvals=True
    )


def started(at: Room) -> None:
    shown = at.services.campaigns.current_terms(SLUG)
    at.services.campaigns.starter().start(
        StartRequest(slug=SLUG, by=address_of("cleo"), seen=at.content_hash, shown=shown)
    )


def gone_out(at: Room) -> None:
    at.approve()
    started(at)
    at.begin()
    at.hand_over()


def each(*acts: Act) -> Act:
    return lambda at: [act(at) for act in acts]


APPROVING = (
    Case(name="a viewer", who="vera"),
    Case(name="a writer", who="ana"),
    Case(name="who wrote in it", who="dan", before=written(author=address_of("dan"))),
    Case(name="it is a draft", who="dan", before=written(status="draft")),
    Case(
        name="it speaks of an embargo",
        who="dan",
        before=written("EMBARGOED until further notice.\n\nThe library opens at nine."),
    ),
    Case(name="it has gone out", who="dan", before=gone_out),
    Case(name="another service runs", who="dan", before=another_service),
)
LOOKING = (
    Case(name="another text", who="dan", meanwhile=changed),
    Case(name="another number", who="dan", meanwhile=more_readers, is_shown_anew=True),
    Case(name="a time, not none", who="dan", meanwhile=scheduled(LATE), is_shown_anew=True),
    *(
        Case(
            name=name,
            who="dan",
            before=scheduled(before),
            meanwhile=scheduled(after),
            is_shown_anew=True,
        )
        for name, before, after in (
            ("an earlier time", LATE, SOON),
            ("a later time", SOON, LATE),
            ("no time any more", LATE, None),
        )
    ),
)
STARTING = (
    Case(name="an approver", who="ben", before=Room.approve),
    Case(name="nobody approved it", who="cleo"),
    Case(name="it has gone out", who="cleo", before=gone_out),
    Case(name="it is started already", who="dan", before=each(Room.approve, started)),
    Case(name="another service runs", who="cleo", before=each(Room.approve, another_service)),
    Case(
        name="before its embargo ends",
        who="cleo",
        before=each(written(embargo_until=LATE), Room.approve),
        at=SOON,
    ),
    Case(
        name="earlier than its approvers were told",
        who="cleo",
        before=each(scheduled(LATE), Room.approve),
        at=SOON,
    ),
    Case(name="at a time that has passed", who="cleo", before=Room.approve, at=PAST),
    *(
        replace(
            case,
            who="cleo",
            before=each(case.before or Room.approve, Room.approve),
            meanwhile=each(case.meanwhile, Room.approve),
            is_shown_anew="time" in case.name,
        )
        for case in LOOKING
        if case.meanwhile is not None
    ),
)
SCHEDULING = (
    Case(name="an approver", who="ben", at=LATE),
    Case(name="an approver, back to its file", who="ben", before=scheduled(LATE)),
    *(
        replace(case, before=case.before, at=case.at or LATE)
        for case in STARTING
        if case.name in {"it has gone out", "before its embargo ends", "at a time that has passed"}
    ),
    Case(
        name="earlier than its approvers were told",
        who="cleo",
        before=each(scheduled(LATE), Room.approve),
        at=SOON,
    ),
)
ACTS: Mapping[str, tuple[Mapping[str, Door], tuple[Case, ...]]] = {
    "approve": (APPROVE, (*APPROVING, *LOOKING)),
    "override": (OVERRIDE, (Case(name="an approver", who="ben"), *APPROVING, *LOOKING)),
    "start": (START, STARTING),
    "schedule": (SCHEDULE, SCHEDULING),
}
CELLS = [(act, door) for act, (doors, _) in ACTS.items() for door in doors]


def is_knocked(case: Case, door: str) -> bool:
    """Return whether a case can happen at a door."""
    if door == "file":  # it shows nothing; what has gone out is planned no second time
        return case.meanwhile is None and case.name != "it has gone out"
    return not (door == "command" and case.is_shown_anew)


@pytest.mark.slow("each case is tried at each door")
@pytest.mark.parametrize(("act", "door"), CELLS)
def test_what_is_forbidden_is_refused_at_each_door(kept: Kept, act: str, door: str) -> None:
    doors, cases = ACTS[act]
    for case in cases:
        if is_knocked(case, door):
            _refuse(Room(Staffed(site=kept.again())), case, doors[door])


def _refuse(at: Room, case: Case, knock: Door) -> None:
    """Compare the state after the door with the one before it, but for the acts of others."""
    case.prepare(at)
    left = [state(at)]

    def meanwhile(at: Room) -> None:
        case.happen(at)
        left.append(state(at))

    assert knock(at, replace(case, meanwhile=meanwhile)), f"{case.name} is let in"
    assert state(at) == left[-1], f"{case.name} leaves something behind"


@dataclass
class Approved(Desk):
    """A text of the desk that waits for its time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        services = self.staffed.site.services
        assert self.keep(act="hand-in").status == 303
        services.campaigns.starter().schedule(self.slug, LATE, by=address_of("cleo"))
        shown = services.campaigns.current_terms(self.slug)
        services.statements.approve(
            ApprovalRequest(slug=self.slug, by=address_of("ben"), shown=shown, despite="a test")
        )
        services.tick.run()

    slug = "library-hours"

    def standing(self) -> ApprovalStatus:
        services = self.staffed.site.services
        with services.store.read() as tx:
            return find_status(tx, self.slug, services.campaigns.rules).approval


def edit_by_form(desk: Desk, who: str, **told: str) -> int:
    signed = desk.staffed.as_(who)
    return desk.keep(signed, act="hand-in", body="It opens at eight.", **told).status


def edit_by_script(desk: Desk, who: str, **told: str) -> int:
    signed = desk.staffed.as_(who)
    saved = desk.save(signed, base=desk.draft.revision, body="It opens at eight.")
    if saved.status != 200:
        return saved.status
    form = {"base": str(desk.draft.revision), **told}
    return signed.post(f"{desk.at}/hand-in", form).status


def take_back(desk: Desk, who: str, **_told: str) -> int:
    return desk.staffed.as_(who).post(f"{desk.at}/take-back").status


EDIT = {"form": edit_by_form, "script": edit_by_script, "take back": take_back}


@pytest.mark.parametrize("door", EDIT)
def test_what_is_scheduled_is_edited_at_no_door_by_a_viewer_or_unawares(
    kept: Kept, door: str
) -> None:
    for who, refused in (("vera", 403), ("ana", 409)):
        if (who, door) == ("ana", "take back"):  # its button says what it costs
            continue
        desk = Approved(Staffed(site=kept.again()))
        before = desk.standing()
        assert EDIT[door](desk, who) == refused, who
        assert desk.standing() == before
        assert before.approved


@pytest.mark.parametrize("door", EDIT)
def test_what_is_edited_at_any_door_goes_out_by_no_approval_of_before(
    kept: Kept, door: str
) -> None:
    desk = Approved(Staffed(site=kept.again()))
    assert EDIT[door](desk, "ana", lapses="1") == 303
    assert not desk.standing().approved


# --- take in what comes from outside: there is one way in, and it is shut


def begun(at: Room, *file: Any, **form: str) -> bool:
    kind = multipart({"pasted": "", **form}, **({"file": file} if file else {}))
    return at.as_("ana").ask("POST", "/drafts/new", **kind).status == 422


def pasted_by_script(at: Room) -> bool:
    desk = Desk(at.staffed)
    said = as_json({"html": "<p>Nine</p>"})
    return desk.ana.ask("POST", f"{desk.at}/paste", **said).status == 422


def picture(at: Room) -> bool:
    desk = Desk(at.staffed)
    form = multipart({"alt": "A desk"}, picture=("a.png", png()))
    return desk.ana.ask("POST", f"{desk.at}/pictures", **form).status == 422


def imported(at: Room) -> bool:
    path = at.site.folder / "release.txt"
    path.write_text("The library opens at nine.", "utf-8")
    return command(at, "statement", "import", str(path))


def long_file(at: Room) -> bool:
    """A text of the folder is rendered apart where it is long."""
    at.write("Nine o'clock. " * MAX_SHORT_CHARS, slug="long")
    with at.services.store.read() as tx:
        return refuses(lambda: find_statement(tx, "long"))


def fed(_at: Room) -> bool:
    page = Page(status=200, headers={}, body=b"<rss/>", url="https://forum.example/feed")
    try:
        SandboxReader().feed(page)
    except FeedUnreadable as error:
        return "newsletter is about to end" in str(error)
    return False


TAKE_IN: Mapping[str, Callable[[Room], bool]] = {
    "a text at the desk": lambda at: begun(at, "a.txt", b"The library opens at nine."),
    "a Markdown file at the desk": lambda at: begun(at, "a.md", b"# Library\n\nIt opens."),
    "a pasted text": lambda at: begun(at, pasted="The library opens at nine."),
    "pasted in the editor": pasted_by_script,
    "a picture": picture,
    "a command": imported,
    "a long file of the folder": long_file,
    "a feed": fed,
}


@pytest.fixture
def shut() -> Iterator[None]:
    """No sandbox takes anything."""
    for gate in ALL_GATES:
        gate.close()
    yield
    for gate in ALL_GATES:
        gate.open()


@pytest.mark.usefixtures("shut")
@pytest.mark.parametrize("door", TAKE_IN)
def test_nothing_from_outside_is_read_where_it_cannot_be_cut_off(kept: Kept, door: str) -> None:
    assert TAKE_IN[door](Room(Staffed(site=kept.again())))
