"""While the service that sends has other settings than this desk, no door leads to an approval."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.domain.errors import Refused
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.statements.approve import ApprovalRequest
from tests.desk import Staffed, address_of, words
from tests.pages import Kept
from tests.rows import rows
from tests.unit.web.desk.deciding import SLUG, Room, room
from tests.unit.web.test_monitoring import give_a_sign_of_life

HERE = f"/desk/statements/{SLUG}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    with room(
        tmp_path_factory.mktemp("desk"), migrated, approvals={"trust_front_matter": True}
    ) as found:
        yield Kept(found.site)


@pytest.fixture
def at(kept: Kept) -> Room:
    return Room(Staffed(site=kept.again()))


def run_another_service(at: Room) -> None:
    give_a_sign_of_life(at.site)
    with at.services.store.begin() as tx:
        tx.running_service.note("another", "a")


def by_page(at: Room) -> str:
    who = at.as_("ben", fresh=True)
    return words(at.press(who, who.get(f"/statements/{SLUG}/review"), f"{HERE}/review"))


def by_command(at: Room) -> str:
    with pytest.raises(Refused) as refused:
        at.services.statements.approve(ApprovalRequest(slug=SLUG, by=address_of("ben")))
    return str(refused.value)


def by_file(at: Room) -> str:
    at.write(status="approved", approved_by=[address_of("ben")])
    return str(at.services.statements.refresh()[0])


@rows("door", [by_page, by_command, by_file])
def test_no_door_leads_to_an_approval(kept: Kept, door: object) -> None:
    at = Room(Staffed(site=kept.again()))
    run_another_service(at)
    assert callable(door)
    assert "restart the service" in door(at)
    with at.services.store.read() as tx:
        assert not tx.approvals.of(SLUG)


def test_nothing_is_started_either(at: Room) -> None:
    at.approve()
    page = at.as_("cleo", fresh=True).get(f"/statements/{SLUG}/start")
    run_another_service(at)
    said = at.press(at.as_("cleo", fresh=True), page, f"{HERE}/start")
    assert "restart the service" in words(said)
    request = StartRequest(slug=SLUG, by=address_of("cleo"), seen=at.content_hash)
    with pytest.raises(Refused, match="restart the service"):
        at.services.campaigns.starter().start(request)
    with at.services.store.read() as tx:
        assert not tx.starts.of(SLUG)


def test_every_page_for_staff_says_that_a_restart_is_needed(at: Room) -> None:
    path = at.site.folder / "newsletter.yaml"
    path.write_text(path.read_text().replace("Example Forum", "Another Forum"))
    vera = at.as_("vera")
    for page in ("", "/statements", f"/statements/{SLUG}", "/account", "/nowhere"):
        assert "A restart is needed." in words(vera.get(page))
    assert "restart" not in at.site.get("/desk/sign-in").text
    assert json.loads(at.site.get("/readyz").body)["restart_needed"]
