"""Every act at the desk, each done once: the state before, and the form that is posted.

``EXAMPLES`` has one for each route that takes a POST. An example prepares the state, and returns
the act.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import say
from tests.desk import seen
from tests.openid import OpenIdServer
from tests.pages import Answer
from tests.unit.credentials.authenticator import Authenticator
from tests.unit.web.desk.deciding import CANARIES
from tests.unit.web.desk.visitor import OTHER, PASSWORD, Browser, came_back, provide
from tests.unit.web.desk.world import World, give_picture
from tests.unit.web.desk.writing import FORM, multipart

Act = Callable[[], Answer]


def _begins(world: World) -> Act:
    return lambda: world.as_("ana").post("/drafts/new", {"title": "Opening hours"})


def _edits(world: World) -> Act:
    desk = world.text()
    return lambda: desk.keep(desk.ben, body="It opens at eight.")


def _edits_and_hands_in(world: World) -> Act:
    desk = world.text()
    return lambda: desk.keep(desk.ben, body="It opens at eight.", act="hand-in")


def _saves(world: World) -> Act:
    desk = world.text()
    return lambda: desk.save(desk.ben, base=desk.draft.revision, body="It opens at eight.")


def _goes_on_typing(world: World) -> Act:
    desk = world.text()
    desk.save(base=desk.draft.revision, body="It opens at")
    return lambda: desk.save(base=desk.draft.revision, body="It opens at eight.")


def _hands_in(world: World) -> Act:
    desk = world.text()
    return lambda: desk.ana.post(f"{desk.at}/hand-in", {"base": str(desk.draft.revision)})


def _of_text(deed: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        desk = world.text()
        return lambda: desk.ana.post(f"{desk.at}/{deed}", FORM)

    return example


def _takes_back(world: World) -> Act:
    desk = world.submitted()
    return lambda: desk.ana.post(f"{desk.at}/take-back")


def _brings_in(world: World) -> Act:
    desk = world.text()
    sent = multipart({}, file=("more.md", b"# More\n\nText."))
    return lambda: desk.ana.ask("POST", f"{desk.at}/import", **sent)


def _pastes(world: World) -> Act:
    desk, body = world.text(), json.dumps({"html": "<p>Nine</p>"}).encode()
    kind = {"Content-Type": "application/json"}
    return lambda: desk.ana.ask("POST", f"{desk.at}/paste", body=body, headers=kind)


def _illustrates(world: World) -> Act:
    desk = world.text()
    return lambda: give_picture(desk)


def _places(world: World) -> Act:
    desk, name = world.illustrated()
    world.site.clock.advance(minutes=6)
    desk.ana = world.as_("ana")
    return lambda: desk.ana.post(f"{desk.at}/pictures/{name}/place")


def _translates(world: World) -> Act:
    ana, slug = world.as_("ana"), world.submit_text()
    begun = ana.post(f"/statements/{slug}/copy", {"language": "es"})
    page = begun.headers["location"].removeprefix("/desk").partition("?")[0]
    return lambda: ana.post(page, {"base": "1", "block-0": "Abre a las ocho."})


def _restores(world: World) -> Act:
    desk = world.text()
    number = desk.draft.version.number
    return lambda: desk.ana.post(f"{desk.at}/versions/{number}/restore")


def _of_statement(
    deed: str, name: str, ready: Callable[[World], str] = World.submit_text, **typed: str
) -> Callable[[World], Act]:
    """Post straight to a statement."""

    def example(world: World) -> Act:
        slug, who = ready(world), world.as_(name)
        return lambda: who.post(f"/statements/{slug}/{deed}", typed)

    return example


def _by_form(
    page: str, deed: str, name: str, ready: Callable[[World], str], **typed: str
) -> Callable[[World], Act]:
    """Fill in the form of one of the pages of a statement."""

    def example(world: World) -> Act:
        here = f"/statements/{ready(world)}"
        return lambda: world.press(name, f"{here}/{page}", f"{here}/{deed}", **typed)

    return example


def _approves_twice(world: World) -> Act:
    here, ben = f"/statements/{world.submit_text()}/review", world.as_("ben")
    page = ben.get(here)
    assert world.room.press(ben, page, f"/desk{here}").status == 303
    return lambda: world.room.press(ben, page, f"/desk{here}")


def _of_campaign(deed: str, before: str = "", **fields: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        here, cleo = f"/campaigns/{world.sending().id}", world.as_("cleo")
        if before:
            cleo.post(f"{here}/{before}")
            return lambda: world.press("cleo", here, f"{here}/{deed}")
        return lambda: cleo.post(f"{here}/{deed}", fields)

    return example


def _decides(world: World) -> Act:
    page = f"/campaigns/{world.lost().id}/unknown"
    return lambda: world.press("dan", page, page, way="has")


def _annotates(world: World) -> Act:
    page = f"/campaigns/{world.sending().id}/note"
    return lambda: world.as_("cleo").post(page, {"kind": "withdrawn", "withdrawn": "Mistaken."})


def _reopens(world: World) -> Act:
    here = f"/campaigns/{world.sending().id}"
    world.as_("cleo").post(f"{here}/cancel")
    return lambda: world.press("dan", f"{here}/amend", f"{here}/reopen")


_READERS, _STRANGER = "/readers", "stranger@readers.example"


def _of_reader(deed: str, address: str = _STRANGER, **form: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        fields = {"email": address, **form}
        return lambda: world.as_("dan").post(f"{_READERS}{deed}", fields)

    return example


def _edits_reader(world: World) -> Act:
    page = world.as_("dan").get(f"{_READERS}/1")
    return _of_reader("/edit", CANARIES[0], name="Ana", seen=seen(page))(world)


def _uploads(world: World) -> Act:
    fields = {"list": "press", "agreed": "the congress in May"}
    form = multipart(fields, file=("people.csv", b"email\neve@readers.example\n"))
    return lambda: world.as_("dan").ask("POST", f"{_READERS}/import", **form)


def _tags_many(world: World) -> Act:
    fields = {"act": "tag", "tag-name": "board"}
    return lambda: _finished(world, world.as_("dan").post(f"{_READERS}/acts", fields))


def _imports(world: World) -> Act:
    path = _uploads(world)().headers["location"].removeprefix("/desk")
    return lambda: _finished(world, world.as_("dan").post(path))


def _finished(world: World, answer: Answer) -> Answer:
    """The answer, once the file is imported."""
    at = answer.headers["location"].removeprefix("/desk")
    while 'http-equiv="refresh"' in world.as_("dan").get(at).text:
        time.sleep(0.1)
    return answer


def _chooses_columns(world: World) -> Act:
    path = _uploads(world)().headers["location"].removeprefix("/desk")
    return lambda: world.as_("dan").post(f"{path}/columns", {"column-0": "email"})


def _undoes_an_import(world: World) -> Act:
    _imports(world)()
    return lambda: world.as_("dan").post(f"{_READERS}/import/1/undo")


def _decides_on_a_request(world: World) -> Act:
    with world.site.services.store.begin() as tx:
        tx.choices.join(1, ["sport"], tx.now, {"sport"})
    form = {"person": "1", "list": "sport", "decision": "admit"}
    return lambda: world.as_("cleo").post(f"{_READERS}/requests", form)


def _lifts(world: World) -> Act:
    _of_reader("/suppress")(world)()
    return _of_reader("/lift", reason="They asked for it.")(world)


def _stops(world: World) -> Act:
    return lambda: world.as_("cleo").post("/stop", {"reason": "wrong list"})


def _stops_again(world: World) -> Act:
    world.as_("cleo").post("/stop", {"reason": "wrong list"})
    return _stops(world)


def _resumes(world: World) -> Act:
    world.as_("cleo").post("/stop", {"reason": "wrong list"})
    return lambda: world.press("cleo", "/stop", "/resume")


def _compared(world: World) -> Act:
    with world.room.services.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, say("its text was taken back"))
    return lambda: world.press("dan", "/stop", "/compared")


def _signs_in(world: World) -> Act:
    _, address = world.joined()
    return lambda: Browser(site=world.site).sign_in(address)


def _forgets_password(world: World) -> Act:
    _, address = world.joined()
    return lambda: Browser(site=world.site).post("/forgotten", {"email": address})


def _signs_in_halfway(world: World) -> Act:
    _, address = world.joined(Role.SENDER)
    return lambda: Browser(site=world.site).sign_in(address)


def _gives_code(world: World) -> Act:
    browser, address = world.find_half_session()
    return lambda: browser.post("/second", {"code": browser.code(address)})


def _accepts(world: World) -> Act:
    path = f"/invitation/{world.link()}"
    form = {"name": "Eve", "password": PASSWORD}
    return lambda: Browser(site=world.site).post(path, form)


def _makes_first_secret(world: World) -> Act:
    browser, _ = world.enrolling()
    return lambda: browser.post("/second/set-up")


def _confirms_first_factor(world: World) -> Act:
    browser, address = world.enrolling()
    browser.post("/second/set-up")
    code = browser.code(address, pending=True)
    return lambda: browser.post("/second/set-up/confirm", {"code": code})


def _at_provider(world: World) -> tuple[Browser, OpenIdServer, str]:
    browser, address = world.joined()
    server = OpenIdServer(world.site.clock)
    server.claims |= {"sub": address, "email": address}
    provide(world.site, server)
    return browser, server, address


def _leaves(path: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        browser, server, address = _at_provider(world)
        with world.room.services.store.begin() as tx:
            session = tx.sessions.list_for(address)[0]
            tx.sessions.end(session.hash)
            tx.sessions.begin(replace(session, stepped_up_at=tx.now))

        def act() -> Answer:
            with server:
                return browser.post(path)

        return act

    return example


def _joins_by_provider(world: World) -> Act:
    _, server, _ = _at_provider(world)
    word = world.link()

    def act() -> Answer:
        with server:
            return Browser(site=world.site).post(f"/invitation/{word}/provider")

    return act


def _disconnects(world: World) -> Act:
    browser, server, address = _at_provider(world)
    with world.room.services.store.begin() as tx:
        tx.accounts.change(address, issuer=server.url, subject=address)
        session = tx.sessions.list_for(address)[0]
        tx.sessions.end(session.hash)
        tx.sessions.begin(replace(session, stepped_up_at=tx.now))

    def act() -> Answer:
        with server:
            return browser.post("/account/provider/remove")

    return act


def _comes_back(world: World) -> Act:
    _, server, _ = _at_provider(world)
    browser = Browser(site=world.site)

    def act() -> Answer:
        with server:
            return came_back(browser, server)

    return act


def _signs_out(world: World) -> Act:
    browser, _ = world.joined()
    return lambda: browser.post("/sign-out")


def _steps_up(world: World) -> Act:
    browser, _ = world.joined()
    return lambda: browser.post("/step-up", {"step-up": PASSWORD, "next": "/desk/account"})


def _acts_with_factor(world: World) -> Act:
    browser, address = world.joined(Role.SENDER)
    world.site.clock.advance(minutes=11)
    form = {"step-up": browser.code(address)}
    return lambda: browser.post("/account/codes", form)


def _of_account(
    deed: str, role: Role = Role.WRITER, form: dict[str, str] | None = None
) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        browser, _ = world.joined(role)
        return lambda: browser.post(f"/account/{deed}", form)

    return example


def _has_factor(world: World) -> Browser:
    browser, address = world.joined()
    browser.post("/account/factor")
    code = browser.code(address, pending=True)
    assert browser.post("/account/factor/confirm", {"code": code}).status == 200
    return browser


def _confirms_factor(world: World) -> Act:
    browser, address = world.joined()
    browser.post("/account/factor")
    code = browser.code(address, pending=True)
    return lambda: browser.post("/account/factor/confirm", {"code": code})


def _drops_factor(world: World) -> Act:
    browser = _has_factor(world)
    return lambda: browser.post("/account/factor/remove")


def _chooses_language(world: World) -> Act:
    browser, _ = world.joined()
    return lambda: browser.post("/account/language", {"language": "de"})


def _chooses_notices(world: World) -> Act:
    browser, _ = world.joined(Role.SENDER)
    return lambda: browser.post("/account/notices", {"notice": "SENT_BACK"})


def _posts_again(world: World) -> Act:
    with world.room.services.store.begin() as tx:
        tx.channel_posts.add("press-room", tx.now)
        [post] = tx.channel_posts.list_newest(1)
        tx.db.change("UPDATE post SET state = 'rejected'")
    return lambda: world.as_("dan").post(f"/channels/{post.id}/again")


def _tries_channel(world: World) -> Act:
    return lambda: world.as_("dan").post("/channels/test", {"channel": "press-room"})


def _makes_token(world: World) -> Act:
    form = {"name": "CRM", "scope": "subscribers:read", "days": "30"}
    return lambda: world.as_("dan").post("/tokens", form)


def _saves_in_file(world: World, path: str, form: dict[str, str]) -> Act:
    """Return an act that saves settings. It puts the file back, which allows the next one."""
    file = world.site.folder / "newsletter.yaml"
    seen = {"seen": world.room.services.configuration.digest()}

    def act() -> Answer:
        before = file.read_bytes()
        answer = world.as_("dan").post(path, form | seen)
        file.write_bytes(before)
        return answer

    return act


def _saves_settings(world: World) -> Act:
    return _saves_in_file(world, "/settings/look", {"organisation.tagline": "Practical answers"})


def _changes_group(world: World) -> Act:
    form = {"group": "layout", "layout.summary": "true"}
    return _saves_in_file(world, "/settings/change", form)


def _adds_segment(world: World) -> Act:
    form = {"segment": "", "name": "austin", "list": "press", "place": "Austin"}
    return _saves_in_file(world, "/readers/segment", form)


def _makes_issue(world: World) -> Act:
    world.sending()
    builder = world.room.services.campaigns.digest_builder
    for issue in builder.forecast("weekly").made:
        builder.drop(issue.slug, world.as_("ana").address)
    return lambda: world.as_("ana").post("/digests/weekly/make")


def _drops_issue(world: World) -> Act:
    _makes_issue(world)()
    [issue] = world.room.services.campaigns.digest_builder.forecast("weekly").made
    return lambda: world.as_("ana").post("/digests/weekly/drop", {"issue": issue.slug})


def _adds_digest(world: World) -> Act:
    form = {"digest": "", "title": "News", "every": "", "day": "last"}
    return _saves_in_file(world, "/digest", form | {"at": "16:00", "lists": "press"})


def _tries_settings(world: World) -> Act:
    form = {"organisation.tagline": "Practical answers"}
    return lambda: world.as_("dan").post("/settings/look/mail", form)


def _revokes_token(world: World) -> Act:
    _makes_token(world)()
    with world.room.services.store.read() as tx:
        [token] = tx.tokens.list_newest(1)
    return lambda: world.as_("dan").post(f"/tokens/{token.id}/revoke")


def _of_calendar(deed: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        browser, _ = world.joined(Role.SENDER)
        return lambda: browser.post(f"/calendar/{deed}")

    return example


def _ends_session(world: World) -> Act:
    browser, address = world.joined()
    Browser(site=world.site).sign_in(address)
    [path] = re.findall(r'action="/desk(/account/sessions/\w+)"', browser.get("/account").text)
    return lambda: browser.post(path)


def _asks_for_passkey(world: World) -> Act:
    browser = _with_passkey(world)
    return lambda: browser.post("/passkey")


def _passkey_made(browser: Browser) -> dict[str, str]:
    asked = json.loads(browser.post("/account/passkeys/options").text)
    return {"name": "Laptop", "made": json.dumps(Authenticator().make(asked))}


def _with_passkey(world: World) -> Browser:
    browser, _ = world.joined(Role.SENDER)
    assert browser.post("/account/passkeys", _passkey_made(browser)).status == 303
    return browser


def _adds_passkey(world: World) -> Act:
    browser, _ = world.joined(Role.SENDER)
    form = _passkey_made(browser)
    return lambda: browser.post("/account/passkeys", form)


def _removes_passkey(world: World) -> Act:
    browser = _with_passkey(world)
    page = browser.get("/account").text
    [path] = re.findall(r'action="/desk(/account/passkeys/[^"]+/remove)"', page)
    world.site.clock.advance(seconds=1)
    return lambda: browser.post(path)


def _invites(world: World) -> Act:
    form = {"email": world.address(), "role": "writer"}
    return lambda: world.as_("dan").post("/staff/invitations", form)


def _withdraws_invitation(world: World) -> Act:
    world.link()
    page = world.as_("dan").get("/staff").text
    path = re.findall(r'action="/desk(/staff/invitations/\d+/withdraw)"', page)[0]
    return lambda: world.as_("dan").post(path)


def _of_colleague(deed: str, **form: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        _, address = world.joined()
        return lambda: world.as_("dan").post(f"/staff/{address}/{deed}", form)

    return example


@dataclass(frozen=True)
class Example:
    """Something that is done, and how many lines of the audit log it leaves."""

    route: str
    """Path below ``/desk``, in Starlette's words."""
    ready: Callable[[World], Act]
    _: KW_ONLY
    lines: int = 1
    why: str = ""
    """Why it is another number than one."""


_KEEPS_NOTHING = "it keeps nothing: it only shows what comes of what was sent"
_NO_ONE_YET = "the identity provider has named no one yet"
_NOT_IN_FORCE = "it is in force, and written down, once a first code proves it"
_DRAFT, _STATEMENT, _ACCOUNT = "/drafts/{key}", "/statements/{slug}", "/account"

EXAMPLES = [
    Example("/drafts/new", _begins),
    Example(f"{_DRAFT}/edit", _edits),
    Example(
        f"{_DRAFT}/edit",
        _edits_and_hands_in,
        lines=2,
        why="two things are done: a version is kept, and it is handed in",
    ),
    Example(f"{_DRAFT}/save", _saves),
    Example(f"{_DRAFT}/translate", _translates),
    Example(
        f"{_DRAFT}/save",
        _goes_on_typing,
        lines=0,
        why="whoever types on within five minutes is in the same version, which has its line",
    ),
    Example(f"{_DRAFT}/hand-in", _hands_in),
    Example(f"{_DRAFT}/take-back", _takes_back),
    Example(f"{_DRAFT}/looked", _of_text("looked")),
    Example(f"{_DRAFT}/delete", _of_text("delete")),
    Example(f"{_DRAFT}/test", _of_text("test")),
    Example(f"{_DRAFT}/preview", _of_text("preview"), lines=0, why=_KEEPS_NOTHING),
    Example(f"{_DRAFT}/import", _brings_in, lines=0, why=_KEEPS_NOTHING),
    Example(f"{_DRAFT}/paste", _pastes, lines=0, why=_KEEPS_NOTHING),
    Example(f"{_DRAFT}/pictures", _illustrates),
    Example(f"{_DRAFT}/pictures/{{name}}/place", _places),
    Example(f"{_DRAFT}/versions/{{number}}/restore", _restores),
    Example(f"{_STATEMENT}/review", _by_form("review", "review", "ben", World.submit_text)),
    Example(
        f"{_STATEMENT}/review",
        _approves_twice,
        lines=0,
        why="what counts already is not written down twice",
    ),
    Example(
        f"{_STATEMENT}/send-back",
        _by_form("review", "send-back", "ben", World.submit_text, reason="Which Saturday?"),
    ),
    Example(f"{_STATEMENT}/withdraw", _of_statement("withdraw", "ben", World.approved)),
    Example(
        f"{_STATEMENT}/override",
        _by_form("review", "override", "dan", World.submit_text, why="Nobody else is in."),
    ),
    Example(f"{_STATEMENT}/start", _by_form("start", "start", "cleo", World.approved)),
    Example(f"{_STATEMENT}/time", _by_form("start", "time", "cleo", World.started, when="now")),
    Example(f"{_STATEMENT}/undo", _of_statement("undo", "cleo", World.started)),
    Example(f"{_STATEMENT}/copy", _of_statement("copy", "ana")),
    Example(f"{_STATEMENT}/comments", _of_statement("comments", "ana", comment="Fine.")),
    Example(f"{_STATEMENT}/test", _of_statement("test", "ana")),
    Example(
        f"{_STATEMENT}/look",
        _of_statement("look", "cleo", reader=CANARIES[0]),
        lines=0,
        why="it is a look, and a POST so that no address of a page names a reader",
    ),
    Example("/campaigns/{id}/pause", _of_campaign("pause")),
    Example("/campaigns/{id}/resume", _of_campaign("resume", before="pause")),
    Example(
        "/campaigns/{id}/cancel",
        _of_campaign("cancel"),
        lines=2,
        why="its approvals are taken back too: they have a line whenever they change",
    ),
    Example(
        "/campaigns/{id}/unknown",
        _decides,
        lines=2,
        why="the program writes down that sending is over by that",
    ),
    Example("/campaigns/{id}/mail", _of_campaign("mail", to="chair@board.example")),
    Example(
        "/campaigns/{id}/note",
        _annotates,
        lines=2,
        why="a text that leaves the web is sent to nobody else: that pause is an act of its own",
    ),
    Example("/campaigns/{id}/reopen", _reopens),
    Example(_READERS, _of_reader(""), lines=0, why="it changes nothing"),
    Example(f"{_READERS}/new", _of_reader("/new", list="press", agreed="They asked for it.")),
    Example(f"{_READERS}/requests", _decides_on_a_request),
    Example(
        f"{_READERS}/form",
        _of_reader("/form", list="press"),
        lines=0,
        why="it shows a form to copy",
    ),
    Example(f"{_READERS}/import", _uploads, lines=0, why="nobody is imported yet"),
    Example(
        f"{_READERS}/import/{{number}}", _imports, lines=2, why="an import begins, and is finished"
    ),
    Example(
        f"{_READERS}/import/{{number}}/columns",
        _chooses_columns,
        lines=0,
        why="nobody is imported yet",
    ),
    Example(f"{_READERS}/import/{{number}}/undo", _undoes_an_import),
    Example(f"{_READERS}/edit", _edits_reader),
    Example(f"{_READERS}/suppress", _of_reader("/suppress")),
    Example(f"{_READERS}/unsubscribe", _of_reader("/unsubscribe", CANARIES[0], list="press")),
    Example(f"{_READERS}/acts", _tags_many, lines=0, why="it is rehearsed"),
    Example(f"{_READERS}/export", _of_reader("/export", tag="vip")),
    Example(f"{_READERS}/segment", _adds_segment),
    Example("/digest", _adds_digest),
    Example("/digests/{name}/make", _makes_issue),
    Example("/digests/{name}/drop", _drops_issue),
    Example(f"{_READERS}/move", _of_reader("/move", CANARIES[1], new="moved@readers.example")),
    Example(f"{_READERS}/lift", _lifts),
    Example(f"{_READERS}/data", _of_reader("/data", CANARIES[0])),
    Example(f"{_READERS}/erase", _of_reader("/erase", CANARIES[2], sure="yes")),
    Example("/tokens", _makes_token),
    Example("/tokens/{number}/revoke", _revokes_token),
    Example("/settings/change", _changes_group),
    Example("/settings/look", _saves_settings),
    Example("/settings/look/mail", _tries_settings, lines=0, why=_KEEPS_NOTHING),
    Example("/stop", _stops),
    Example("/stop", _stops_again, lines=0, why="it is stopped already"),
    Example("/resume", _resumes),
    Example("/compared", _compared),
    Example("/account/language", _chooses_language),
    Example("/account/notices", _chooses_notices),
    Example("/sign-in", _signs_in),
    Example("/forgotten", _forgets_password),
    Example(
        "/sign-in",
        _signs_in_halfway,
        lines=0,
        why="nobody is in before the second factor, which has the line",
    ),
    Example("/sign-in/provider", _leaves("/sign-in/provider"), lines=0, why=_NO_ONE_YET),
    Example(f"{_ACCOUNT}/provider", _leaves("/account/provider"), lines=0, why=_NO_ONE_YET),
    Example(f"{_ACCOUNT}/provider/remove", _disconnects),
    Example("/invitation/{word}/provider", _joins_by_provider, lines=0, why=_NO_ONE_YET),
    Example(
        "/sign-in/back",
        _comes_back,
        lines=2,
        why="the first time also connects the account at the provider",
    ),
    Example("/second", _gives_code),
    Example("/invitation/{word}", _accepts),
    Example("/second/set-up", _makes_first_secret, lines=0, why=_NOT_IN_FORCE),
    Example("/second/set-up/confirm", _confirms_first_factor),
    Example("/sign-out", _signs_out),
    Example("/step-up", _steps_up),
    Example(f"{_ACCOUNT}/codes", _of_account("codes", Role.SENDER)),
    Example(
        f"{_ACCOUNT}/codes",
        _acts_with_factor,
        lines=2,
        why="the fresh factor that came along has a line of its own",
    ),
    Example(f"{_ACCOUNT}/factor", _of_account("factor"), lines=0, why=_NOT_IN_FORCE),
    Example(f"{_ACCOUNT}/factor/confirm", _confirms_factor),
    Example(f"{_ACCOUNT}/factor/remove", _drops_factor),
    Example(f"{_ACCOUNT}/password", _of_account("password", form={"old": PASSWORD, "new": OTHER})),
    Example(f"{_ACCOUNT}/sessions", _of_account("sessions")),
    Example(f"{_ACCOUNT}/sessions/{{key}}", _ends_session),
    Example(
        "/passkey", _asks_for_passkey, lines=0, why="a challenge says nothing of who answers it"
    ),
    Example(
        f"{_ACCOUNT}/passkeys/options",
        _of_account("passkeys/options", Role.SENDER),
        lines=0,
        why=_NOT_IN_FORCE,
    ),
    Example(f"{_ACCOUNT}/passkeys", _adds_passkey),
    Example(f"{_ACCOUNT}/passkeys/{{key}}/remove", _removes_passkey),
    Example("/staff/invitations", _invites),
    Example("/staff/invitations/{number}/withdraw", _withdraws_invitation),
    Example("/staff/{address:path}/role", _of_colleague("role", role="viewer")),
    Example("/staff/{address:path}/reset", _of_colleague("reset")),
    Example("/staff/{address:path}/remove", _of_colleague("remove")),
    Example("/channels/{number}/again", _posts_again),
    Example("/channels/test", _tries_channel),
    Example("/calendar/link", _of_calendar("link")),
    Example("/calendar/link/end", _of_calendar("link/end")),
    Example(
        "/audit/verify",
        lambda world: lambda: world.as_("dan").post("/audit/verify"),
        lines=0,
        why="it reads the log and changes nothing",
    ),
]
