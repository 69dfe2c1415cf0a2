"""A service with older settings than those on disk: nothing is approved that it would not send."""

from contextlib import suppress

import pytest
import requests

from newsletter.runtime.services import open_workspace
from tests.acceptance.workspace import ADMIN, Workspace, wait_until

ADDRESS = r"http://127.0.0.1:\d+"


@pytest.mark.slow("a service and eight commands")
def test_what_the_service_does_not_send_yet_is_approved_once_it_was_restarted(
    workspace: Workspace,
) -> None:
    workspace.hire()
    workspace.write("news")
    running = workspace.start("run", "--port", "0")
    pages = running.wait_for(ADDRESS)[0]
    listed = ("statement", "list")
    wait_until(lambda: "news" in workspace.do(*listed).stdout, describe=running.said)
    workspace.configure(brand={"color": "#006644"})

    assert "restart the service, then try again" in workspace.do(*listed).stderr
    assert "restart the service, then try again" in workspace.approve("news", code=4).stderr
    workspace.write("new")  # the service knows it after its next look
    assert "restart the service, then try again" in workspace.approve("new", code=4).stderr
    assert "CHECK service: a restart is needed" in workspace.do("doctor").stdout
    ready = requests.get(f"{pages}/readyz", timeout=60)
    assert (ready.status_code, ready.json()["restart_needed"]) == (200, True)

    running.stop()
    assert running.finish().code == 0
    assert "leaves at" in workspace.approve("news").stderr
    workspace.do("run", "--until-idle")
    assert "#006644" in workspace.outbox[0].read_text()


@pytest.mark.slow("three services that start again")
@pytest.mark.parametrize(
    ("command", "is_stopped"), [("run", False), ("run", True), ("serve", False)]
)
def test_a_service_starts_again_with_what_an_admin_saved_at_the_desk(
    workspace: Workspace, command: str, is_stopped: bool
) -> None:
    workspace.hire(ADMIN, "admin")
    if is_stopped:
        workspace.do("stop")
    running = workspace.start(command, "--port", "0")
    pages = running.wait_for(ADDRESS)[0]
    changes = {"organisation.name": "Forum of Examples"}
    with open_workspace(workspace.folder, {}) as services:
        services.staff.files.save(
            changes, by=ADMIN, expected_digest=services.configuration.digest(), store=services.store
        )

    def is_renamed() -> bool:
        # a connection that was accepted in the last moment is closed
        with suppress(requests.ConnectionError):
            return "Forum of Examples" in requests.get(f"{pages}/archive", timeout=60).text
        return False

    wait_until(is_renamed)
    assert requests.get(f"{pages}/readyz", timeout=60).json()["restart_needed"] is False
    assert running.process.is_alive()
    running.stop()
    assert running.finish().code == 0


@pytest.mark.slow("two services that start again")
@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_service_starts_again_with_a_key_that_was_added(
    workspace: Workspace, command: str
) -> None:
    running = workspace.start(command, "--port", "0")
    pages = running.wait_for(ADDRESS)[0]
    workspace.do("db", "rekey")
    with open_workspace(workspace.folder, {}) as services:
        [token], _ = services.links.for_batch(1, [1])

    def is_known() -> bool:
        # a connection that was accepted in the last moment is closed
        with suppress(requests.ConnectionError):
            return requests.get(f"{pages}/u/{token}", timeout=60).ok
        return False

    wait_until(is_known, describe=running.said)
    assert running.process.is_alive()
    running.stop()
    assert running.finish().code == 0
