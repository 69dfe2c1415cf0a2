"""The client over real HTTP: a CRM that is synced, and programs that race each other."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from newsletter.client import ApiProblem, Client
from newsletter.domain.statements.draft import DraftText
from newsletter.web.api.operation import Paging, TokenOperations
from newsletter.web.api.statements import CampaignOperations, StatementOperations
from newsletter.web.api.subscribers import (
    Editable,
    EmailAddress,
    NewSubscriber,
    SubscriberOperations,
    SubscriberQuery,
)
from newsletter.web.server import WebServer
from tests.api import Program, program
from tests.pages import Forum, forum
from tests.rows import rows
from tests.servers import LoopbackServer, Received, Step, bytes_then_close, reply

TEXT = DraftText(title="Hours", body="The library is open.")
Served = tuple[Forum, str, Program]


@pytest.fixture
def served(tmp_path: Path, migrated: Path) -> Iterator[Served]:
    with (
        forum(tmp_path, database=migrated) as site,
        WebServer(site.services, host="127.0.0.1", port=0) as server,
    ):
        yield site, server.address, program(site)


def sync_of(page: Path) -> Callable[[Client, Mapping[str, Editable]], int]:
    """Return the function that the page shows."""
    [code] = re.findall(r"(?ms)^```python\n(.*?)^```$", page.read_text("utf-8"))
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - our own page
    shown: Callable[[Client, Mapping[str, Editable]], int] = found["sync"]
    return shown


sync = sync_of(Path(__file__).parents[2] / "docs" / "api.md")


def made_up(count: int) -> dict[str, Editable]:
    return {
        f"person-{number}@crm.example": Editable(name=f"Person {number}", tags=("donor",))
        for number in range(count)
    }


def test_a_password_in_netrc_does_not_replace_the_token(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, address, crm = served
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password of-another\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert Client(address, crm.secret).call(TokenOperations.show).by


@pytest.mark.slow("two hundred people over HTTP")
def test_a_crm_is_synced_twice_without_a_change_the_second_time(served: Served) -> None:
    site, address, crm = served
    client, people = Client(address, crm.secret), made_up(200)
    assert sync(client, people) == 200
    before = site.everything()
    assert sync(client, people) == 0
    assert site.everything() == before
    people["person-7@crm.example"] = Editable(name="Another", language="es")
    client.call(SubscriberOperations.suppress, EmailAddress(address="gone@crm.example"))
    people = {"gone@crm.example": Editable(), **people}
    assert sync(client, people) == 1, "who is suppressed does not end the sync"
    found = client.every(SubscriberOperations.all, SubscriberQuery(words="person-7@"))
    assert [(one.name, one.language, one.tags) for one in found] == [("Another", "es", ())]


def together(*acts: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return [one.result() for one in [pool.submit(act) for act in acts]]


def test_of_those_who_race_under_one_key_one_makes_something(served: Served) -> None:
    site, address, crm = served
    fields = {"Authorization": f"Bearer {crm.secret}", "Idempotency-Key": "race"}

    def post() -> requests.Response:
        there = f"{address}/api/v1/drafts"
        return requests.post(there, json={"title": "Hours"}, headers=fields, timeout=20)

    answers = together(*[post] * 8)
    assert {one.status_code for one in answers} <= {201, 409}
    assert post().status_code == 201
    assert len({one.text for one in answers if one.status_code == 201}) == 1
    assert site.rows("SELECT count(*) FROM draft") == [(1,)]


def test_of_those_who_change_one_version_one_does(served: Served) -> None:
    site, address, crm = served
    client = Client(address, crm.secret)
    person = client.call(
        SubscriberOperations.add,
        NewSubscriber(address="ana@crm.example", lists=("press",), agreed="a test"),
    )

    def change(name: str) -> int:
        try:
            client_now = Client(address, crm.secret).at(person.version)
            client_now.call(SubscriberOperations.change, person.id, Editable(name=name))
        except ApiProblem as problem:
            return problem.response.status_code
        return 200

    names = [f"name {number}" for number in range(6)]
    found = together(*[lambda name=name: change(name) for name in names])
    assert sorted(found) == [200, *[412] * 5]
    [(name,)] = site.rows("SELECT name FROM subscriber")
    assert name == names[found.index(200)]


def test_a_text_goes_the_way_of_its_approval(served: Served) -> None:
    site, address, crm = served
    client = Client(address, crm.secret)
    draft = client.call(StatementOperations.create, TEXT)
    draft = client.at(draft.version).call(StatementOperations.submit, draft.key)
    shown = client.call(StatementOperations.one, draft.slug)
    assert (shown.state, shown.approved, shown.lists) == ("review", False, ("press",))
    site.subscribe("ana@readers.example")
    site.send("news")
    [campaign] = client.every(CampaignOperations.all, Paging(limit=1))
    assert (campaign.statement, campaign.accepted) == ("news", 1)
    assert campaign.started_at == site.clock.now()
    page = client.call(CampaignOperations.events, Paging())
    assert (page.items, page.next) == ((), "0")


def test_a_request_whose_answer_was_lost_is_sent_again_and_done_once(served: Served) -> None:
    site, address, crm = served
    posts: list[int] = []

    class Line(LoopbackServer):
        """Passes requests on, and loses the first answer."""

        def usual(self, received: Received) -> Step:
            answer = requests.post(
                address + received.path, received.body, headers=received.headers, timeout=20
            )
            posts.append(answer.status_code)
            lost = len(posts) == 1
            return bytes_then_close(b"") if lost else reply(answer.status_code, answer.content)

    with Line() as line:
        draft = Client(line.url, crm.secret).call(StatementOperations.create, TEXT)
    assert posts == [201, 201]
    assert site.rows("SELECT count(*) FROM draft") == [(1,)]
    assert draft.text.title == TEXT.title


@pytest.mark.parametrize("wait", ["0", "Thu, 26 Nov 2026 09:00:00 GMT"])
def test_only_what_changes_nothing_is_sent_again_to_a_busy_service(wait: str) -> None:
    with LoopbackServer() as busy:
        busy.script.extend([*[reply(503, headers={"Retry-After": wait})] * 2, reply(404)])
        client = Client(busy.url, "x")
        with pytest.raises(ApiProblem):
            client.at("1").call(SubscriberOperations.change, 9, Editable())
        with pytest.raises(ApiProblem):
            client.call(SubscriberOperations.one, 9)
    assert [one.method for one in busy.requests] == ["PUT", "GET", "GET"]


def test_a_refusal_is_raised_with_its_problem(served: Served) -> None:
    _, address, crm = served
    with pytest.raises(ApiProblem, match="There is no such subscriber") as raised:
        Client(address, crm.secret).call(SubscriberOperations.one, 9)
    assert raised.value.response.json()["status"] == 404
    with pytest.raises(ApiProblem, match="wrong, expired or revoked"):
        Client(address, "x").call(SubscriberOperations.lists)


@rows("address", ["http://news.forum.example", "ftp://localhost.example", ""])
def test_a_token_is_sent_to_nobody_without_tls(address: str) -> None:
    with pytest.raises(ValueError, match="write https://"):
        Client(address, "x")
