"""Every act at the desk, each done once: the state before, and the form that is posted.

``EXAMPLES`` has one for each route that takes a POST. An example prepares the state, and returns
the act.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.staff.role import Role
from tests.openid import OpenIdServer
from tests.pages import Answer
from tests.unit.credentials.authenticator import Authenticator
from tests.unit.web.desk.deciding import CANARIES
from tests.unit.web.desk.visitor import OTHER, PASSWORD, Browser, came_back, provide
from tests.unit.web.desk.world import World, give_picture
from tests.unit.web.desk.writing import FORM, multipart

Act = Callable[[], Answer]


# --- texts of the desk


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
    ana, slug = world.as_("ana"), world.handed_in()
    begun = ana.post(f"/statements/{slug}/copy", {"language": "es"})
    page = begun.headers["location"].removeprefix("/desk").partition("?")[0]
    return lambda: ana.post(page, {"base": "1", "block-0": "Abre a las ocho."})


def _restores(world: World) -> Act:
    desk = world.text()
    number = desk.draft.version.number
    return lambda: desk.ana.post(f"{desk.at}/versions/{number}/restore")


# --- statements


def _of_statement(
    deed: str, name: str, ready: Callable[[World], str] = World.handed_in, **typed: str
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
    here, ben = f"/statements/{world.handed_in()}/review", world.as_("ben")
    page = ben.get(here)
    assert world.room.press(ben, page, f"/desk{here}").status == 303
    return lambda: world.room.press(ben, page, f"/desk{here}")


# --- campaigns, and all sending


def _of_campaign(deed: str, before: str = "") -> Callable[[World], Act]:
    def example(world: World) -> Act:
        here, cleo = f"/campaigns/{world.sending().id}", world.as_("cleo")
        if before:
            cleo.post(f"{here}/{before}")
        return lambda: cleo.post(f"{here}/{deed}")

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


# --- readers

_READERS, _STRANGER = "/readers", "stranger@readers.example"


def _of_reader(deed: str, address: str = _STRANGER, **form: str) -> Callable[[World], Act]:
    def example(world: World) -> Act:
        fields = {"email": address, **form}
        return lambda: world.as_("dan").post(f"{_READERS}{deed}", fields)

    return example


def _uploads(world: World) -> Act:
    fields = {"list": "press", "agreed": "the congress in May"}
    form = multipart(fields, file=("people.csv", b"email\neve@readers.example\n"))
    return lambda: world.as_("dan").ask("POST", f"{_READERS}/import", **form)


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
    return lambda: world.as_("cleo").post("/resume")


def _compared(world: World) -> Act:
    with world.room.services.store.begin() as tx:
        tx.hold.put(HoldKind.RESTORE_GUARD, "restored on Monday")
    return lambda: world.as_("dan").post("/compared")


# --- the door


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
            session = tx.sessions.of(address)[0]
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
        tx.accounts.connect(address, server.url, address)
        session = tx.sessions.of(address)[0]
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


# --- one's own account


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
        [post] = tx.channel_posts.log(1)
        tx.db.change("UPDATE post SET state = 'over'")
    return lambda: world.as_("dan").post(f"/channels/{post.id}/again")


def _makes_token(world: World) -> Act:
    form = {"name": "CRM", "scope": "subscribers:read", "days": "30"}
    return lambda: world.as_("dan").post("/tokens", form)


def _saves_settings(world: World) -> Act:
    seen = world.room.services.configuration.digest()
    form = {"seen": seen, "organisation.tagline": "Practical answers"}
    return lambda: world.as_("dan").post("/settings/look", form)


def _tries_settings(world: World) -> Act:
    form = {"organisation.tagline": "Practical answers"}
    return lambda: world.as_("dan").post("/settings/look/mail", form)


def _revokes_token(world: World) -> Act:
    _makes_token(world)()
    with world.room.services.store.read() as tx:
        [token] = tx.tokens.newest(1)
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


# --- the staff


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


@dataclass(frozen=True, kw_only=True)
class Example:
    """Something that is done, and how many lines of the audit log it leaves."""

    route: str
    """Path below ``/desk``, in Starlette's words."""
    ready: Callable[[World], Act]
    lines: int = 1
    why: str = ""
    """Why it is another number than one."""


_KEEPS_NOTHING = "it keeps nothing: it only shows what comes of what was sent"
_NO_ONE_YET = "the identity provider has named no one yet"
_NOT_IN_FORCE = "it is in force, and written down, once a first code proves it"
_DRAFT, _STATEMENT, _ACCOUNT = "/drafts/{key}", "/statements/{slug}", "/account"

EXAMPLES = [
    Example(route="/drafts/new", ready=_begins),
    Example(route=f"{_DRAFT}/edit", ready=_edits),
    Example(
        route=f"{_DRAFT}/edit",
        ready=_edits_and_hands_in,
        lines=2,
        why="two things are done: a version is kept, and it is handed in",
    ),
    Example(route=f"{_DRAFT}/save", ready=_saves),
    Example(route=f"{_DRAFT}/translate", ready=_translates),
    Example(
        route=f"{_DRAFT}/save",
        ready=_goes_on_typing,
        lines=0,
        why="whoever types on within five minutes is in the same version, which has its line",
    ),
    Example(route=f"{_DRAFT}/hand-in", ready=_hands_in),
    Example(route=f"{_DRAFT}/take-back", ready=_takes_back),
    Example(route=f"{_DRAFT}/looked", ready=_of_text("looked")),
    Example(route=f"{_DRAFT}/delete", ready=_of_text("delete")),
    Example(route=f"{_DRAFT}/test", ready=_of_text("test")),
    Example(route=f"{_DRAFT}/preview", ready=_of_text("preview"), lines=0, why=_KEEPS_NOTHING),
    Example(route=f"{_DRAFT}/import", ready=_brings_in, lines=0, why=_KEEPS_NOTHING),
    Example(route=f"{_DRAFT}/paste", ready=_pastes, lines=0, why=_KEEPS_NOTHING),
    Example(route=f"{_DRAFT}/pictures", ready=_illustrates),
    Example(route=f"{_DRAFT}/pictures/{{name}}/place", ready=_places),
    Example(route=f"{_DRAFT}/versions/{{number}}/restore", ready=_restores),
    Example(
        route=f"{_STATEMENT}/review", ready=_by_form("review", "review", "ben", World.handed_in)
    ),
    Example(
        route=f"{_STATEMENT}/review",
        ready=_approves_twice,
        lines=0,
        why="what counts already is not written down twice",
    ),
    Example(
        route=f"{_STATEMENT}/send-back",
        ready=_by_form("review", "send-back", "ben", World.handed_in, reason="Which Saturday?"),
    ),
    Example(route=f"{_STATEMENT}/withdraw", ready=_of_statement("withdraw", "ben", World.approved)),
    Example(
        route=f"{_STATEMENT}/override",
        ready=_by_form("review", "override", "dan", World.handed_in, why="Nobody else is in."),
    ),
    Example(route=f"{_STATEMENT}/start", ready=_by_form("start", "start", "cleo", World.approved)),
    Example(
        route=f"{_STATEMENT}/time", ready=_of_statement("time", "cleo", World.started, when="now")
    ),
    Example(route=f"{_STATEMENT}/undo", ready=_of_statement("undo", "cleo", World.started)),
    Example(route=f"{_STATEMENT}/copy", ready=_of_statement("copy", "ana")),
    Example(
        route=f"{_STATEMENT}/comments", ready=_of_statement("comments", "ana", comment="Fine.")
    ),
    Example(route=f"{_STATEMENT}/test", ready=_of_statement("test", "ana")),
    Example(
        route=f"{_STATEMENT}/look",
        ready=_of_statement("look", "cleo", reader=CANARIES[0]),
        lines=0,
        why="it is a look, and a POST so that no address of a page names a reader",
    ),
    Example(route="/campaigns/{id}/pause", ready=_of_campaign("pause")),
    Example(route="/campaigns/{id}/resume", ready=_of_campaign("resume", before="pause")),
    Example(
        route="/campaigns/{id}/cancel",
        ready=_of_campaign("cancel"),
        lines=2,
        why="its approvals are taken back too: they have a line whenever they change",
    ),
    Example(
        route="/campaigns/{id}/unknown",
        ready=_decides,
        lines=2,
        why="the program writes down that sending is over by that",
    ),
    Example(route="/campaigns/{id}/note", ready=_annotates),
    Example(route="/campaigns/{id}/reopen", ready=_reopens),
    Example(route=_READERS, ready=_of_reader(""), lines=0, why="it changes nothing"),
    Example(
        route=f"{_READERS}/new",
        ready=_of_reader("/new", list="press", agreed="They asked for it."),
    ),
    Example(route=f"{_READERS}/requests", ready=_decides_on_a_request),
    Example(
        route=f"{_READERS}/form",
        ready=_of_reader("/form", list="press"),
        lines=0,
        why="it shows a form to copy",
    ),
    Example(
        route=f"{_READERS}/import",
        ready=_uploads,
        lines=0,
        why="nobody is imported yet",
    ),
    Example(
        route=f"{_READERS}/import/{{number}}",
        ready=_imports,
        lines=2,
        why="an import begins, and is finished",
    ),
    Example(
        route=f"{_READERS}/import/{{number}}/columns",
        ready=_chooses_columns,
        lines=0,
        why="nobody is imported yet",
    ),
    Example(route=f"{_READERS}/import/{{number}}/undo", ready=_undoes_an_import),
    Example(route=f"{_READERS}/edit", ready=_of_reader("/edit", CANARIES[0], name="Ana")),
    Example(route=f"{_READERS}/suppress", ready=_of_reader("/suppress")),
    Example(
        route=f"{_READERS}/unsubscribe",
        ready=_of_reader("/unsubscribe", CANARIES[0], list="press"),
    ),
    Example(
        route=f"{_READERS}/move",
        ready=_of_reader("/move", CANARIES[1], new="moved@readers.example"),
    ),
    Example(route=f"{_READERS}/lift", ready=_lifts),
    Example(route=f"{_READERS}/data", ready=_of_reader("/data", CANARIES[0])),
    Example(route=f"{_READERS}/erase", ready=_of_reader("/erase", CANARIES[2], sure="yes")),
    Example(route="/tokens", ready=_makes_token),
    Example(route="/tokens/{number}/revoke", ready=_revokes_token),
    Example(route="/settings/look", ready=_saves_settings),
    Example(route="/settings/look/mail", ready=_tries_settings, lines=0, why=_KEEPS_NOTHING),
    Example(route="/stop", ready=_stops),
    Example(route="/stop", ready=_stops_again, lines=0, why="it is stopped already"),
    Example(route="/resume", ready=_resumes),
    Example(route="/compared", ready=_compared),
    Example(route="/account/language", ready=_chooses_language),
    Example(route="/account/notices", ready=_chooses_notices),
    Example(route="/sign-in", ready=_signs_in),
    Example(route="/forgotten", ready=_forgets_password),
    Example(
        route="/sign-in",
        ready=_signs_in_halfway,
        lines=0,
        why="nobody is in before the second factor, which has the line",
    ),
    Example(
        route="/sign-in/provider", ready=_leaves("/sign-in/provider"), lines=0, why=_NO_ONE_YET
    ),
    Example(
        route=f"{_ACCOUNT}/provider", ready=_leaves("/account/provider"), lines=0, why=_NO_ONE_YET
    ),
    Example(route=f"{_ACCOUNT}/provider/remove", ready=_disconnects),
    Example(
        route="/invitation/{word}/provider", ready=_joins_by_provider, lines=0, why=_NO_ONE_YET
    ),
    Example(
        route="/sign-in/back",
        ready=_comes_back,
        lines=2,
        why="the first time also connects the account at the provider",
    ),
    Example(route="/second", ready=_gives_code),
    Example(route="/invitation/{word}", ready=_accepts),
    Example(route="/second/set-up", ready=_makes_first_secret, lines=0, why=_NOT_IN_FORCE),
    Example(route="/second/set-up/confirm", ready=_confirms_first_factor),
    Example(route="/sign-out", ready=_signs_out),
    Example(route="/step-up", ready=_steps_up),
    Example(route=f"{_ACCOUNT}/codes", ready=_of_account("codes", Role.SENDER)),
    Example(
        route=f"{_ACCOUNT}/codes",
        ready=_acts_with_factor,
        lines=2,
        why="the fresh factor that came along has a line of its own",
    ),
    Example(route=f"{_ACCOUNT}/factor", ready=_of_account("factor"), lines=0, why=_NOT_IN_FORCE),
    Example(route=f"{_ACCOUNT}/factor/confirm", ready=_confirms_factor),
    Example(route=f"{_ACCOUNT}/factor/remove", ready=_drops_factor),
    Example(
        route=f"{_ACCOUNT}/password",
        ready=_of_account("password", form={"old": PASSWORD, "new": OTHER}),
    ),
    Example(route=f"{_ACCOUNT}/sessions", ready=_of_account("sessions")),
    Example(route=f"{_ACCOUNT}/sessions/{{key}}", ready=_ends_session),
    Example(
        route="/passkey",
        ready=_asks_for_passkey,
        lines=0,
        why="a challenge says nothing of who answers it",
    ),
    Example(
        route=f"{_ACCOUNT}/passkeys/options",
        ready=_of_account("passkeys/options", Role.SENDER),
        lines=0,
        why=_NOT_IN_FORCE,
    ),
    Example(route=f"{_ACCOUNT}/passkeys", ready=_adds_passkey),
    Example(route=f"{_ACCOUNT}/passkeys/{{key}}/remove", ready=_removes_passkey),
    Example(route="/staff/invitations", ready=_invites),
    Example(route="/staff/invitations/{number}/withdraw", ready=_withdraws_invitation),
    Example(route="/staff/{address}/role", ready=_of_colleague("role", role="viewer")),
    Example(route="/staff/{address}/reset", ready=_of_colleague("reset")),
    Example(route="/staff/{address}/remove", ready=_of_colleague("remove")),
    Example(route="/channels/{number}/again", ready=_posts_again),
    Example(route="/calendar/link", ready=_of_calendar("link")),
    Example(route="/calendar/link/end", ready=_of_calendar("link/end")),
    Example(
        route="/audit/verify",
        ready=lambda world: lambda: world.as_("dan").post("/audit/verify"),
        lines=0,
        why="it reads the log and changes nothing",
    ),
]
