"""From options to a provider."""

from pathlib import Path

import pytest

from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.errors import Defect
from newsletter.providers.common.options import ProviderOptions
from newsletter.providers.registry import OPTIONS, build
from tests.contracts.provider import batch
from tests.fakes import FixedClock
from tests.provider_servers.kinds import KINDS
from tests.rows import rows

OWN_KEYS = {"outbox": {}, **{kind: known.options for kind, known in KINDS.items()}}


@rows("kind", list(OPTIONS))
def test_each_kind_is_built_under_its_own_name(kind: str, tmp_path: Path) -> None:
    options = OPTIONS[kind].model_validate({"kind": kind, **OWN_KEYS[kind]})
    provider = build(options, workspace=tmp_path, clock=FixedClock())
    assert provider.name == kind
    assert provider.capabilities.max_recipients >= 1
    assert list(tmp_path.iterdir()) == []


def test_the_outbox_is_relative_to_the_workspace(tmp_path: Path) -> None:
    options = OPTIONS["outbox"].model_validate({"kind": "outbox"})
    provider = build(options, workspace=tmp_path, clock=FixedClock())
    answer = provider.send(provider.prepare(batch("a@a.example")))
    assert answer.outcome.verdict is Verdict.ACCEPTED
    assert (tmp_path / "var" / "outbox" / "letter0001.eml").is_file()


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    options = OPTIONS["outbox"].model_validate({"kind": "outbox", "path": str(elsewhere)})
    provider = build(options, workspace=tmp_path / "workspace", clock=FixedClock())
    provider.send(provider.prepare(batch("a@a.example")))
    assert (elsewhere / "letter0001.eml").is_file()


def test_options_of_no_known_provider_are_a_defect(tmp_path: Path) -> None:
    with pytest.raises(Defect, match="ProviderOptions"):
        build(ProviderOptions(), workspace=tmp_path, clock=FixedClock())
