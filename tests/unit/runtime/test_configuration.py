"""Settings and templates that change under a running service are noticed everywhere."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from newsletter.domain.errors import Refused
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.runtime.diagnosis import check_workspace
from tests.pages import SETTINGS, Forum, Kept, forum
from tests.rows import rows
from tests.unit.web.test_monitoring import TOKEN, figures, give_a_sign_of_life


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "key").write_text("a key of the provider")
    (folder / "templates").mkdir()
    provider = {
        "kind": "postmark",
        "server_token_file": "key",
        "message_stream": "outbound",
        "base_url": "http://127.0.0.1:9",
    }
    with forum(folder, database=migrated, metrics={"token": TOKEN}, provider=provider) as site:
        yield Kept(site)


@pytest.fixture
def site(kept: Kept) -> Forum:
    return kept.again()


def configure(site: Forum, **settings: object) -> None:
    path = site.folder / "newsletter.yaml"
    written = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(written | settings))


def add_comment(site: Forum) -> None:
    path = site.folder / "newsletter.yaml"
    path.write_text(f"# nothing that counts\n{path.read_text()}")


def touch_key(site: Forum) -> None:
    os.utime(site.folder / "key", (1, 1))


def replace_key(site: Forum) -> None:
    (site.folder / "key").write_text("another key, as long")


def add_template(site: Forum) -> None:
    (site.folder / "templates" / "statement.txt.j2").write_text("{{ statement.title }}")


def rename(site: Forum) -> None:
    configure(site, organisation=SETTINGS["organisation"] | {"name": "Another Forum"})


def make_a_fault(site: Forum) -> None:
    configure(site, timezone="Mars/Olympus")


def remove(site: Forum) -> None:
    (site.folder / "newsletter.yaml").unlink()


@rows(
    ("change", "reason"),
    [
        (add_comment, ""),
        (touch_key, ""),
        (rename, "Restart the service"),
        (replace_key, "Restart the service"),
        (add_template, "Restart the service"),
        (make_a_fault, "has a fault: newsletter.yaml:"),
        (remove, "does not exist"),
    ],
)
def test_what_changed_on_disk_is_said_where_somebody_looks(
    kept: Kept, change: Callable[[Forum], None], reason: str
) -> None:
    site = kept.again()
    give_a_sign_of_life(site)
    assert not site.services.configuration.changed_on_disk()
    change(site)
    assert reason in site.services.configuration.changed_on_disk()
    ready = site.get("/readyz")
    assert (ready.status, json.loads(ready.body)["restart_needed"]) == (200, bool(reason))
    assert figures(site)["newsletter_restart_needed"] == bool(reason)


def test_a_change_that_was_taken_back_needs_no_restart(site: Forum) -> None:
    before = (site.folder / "newsletter.yaml").read_text()
    rename(site)
    assert site.services.configuration.changed_on_disk()
    (site.folder / "newsletter.yaml").write_text(before)
    assert not site.services.configuration.changed_on_disk()


def test_where_no_service_runs_what_is_not_on_disk_any_more_is_not_approved(site: Forum) -> None:
    site.agree("first")
    rename(site)
    with pytest.raises(Refused, match="Restart the service"):
        site.services.statements.approve(ApprovalRequest(slug="first", by="ed@forum.example"))


def service_of(site: Forum) -> str:
    [found] = [
        finding
        for finding in check_workspace(site.services.statements, site.services.delivery)
        if finding.what == "service"
    ]
    return f"{found.level.value}: {found.detail} {found.advice}"


def test_doctor_says_what_the_service_uses(site: Forum) -> None:
    assert "does not run" in service_of(site)
    give_a_sign_of_life(site)
    with site.services.store.begin() as tx:
        tx.running_service.replace_note(site.services.configuration.digest(), "a")
    assert "uses the settings and templates on disk" in service_of(site)
    with site.services.store.begin() as tx:
        tx.running_service.replace_note("another", "b")
    assert "a restart is needed the running service was started with other" in service_of(site)
