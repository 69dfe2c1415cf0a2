"""The meaning of each event of each provider: every row of every table in ``tests/events/``.

A row has the provider's name of an ``event``, more fields ``with`` it, and our ``kind``, or the
``bounce`` of a bounced one. ``names`` are the fields that all events of the table have in common.
The ``said`` in ``test_events.py`` of a provider makes the JSON of an event.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from newsletter.domain.events import EventKind
from newsletter.providers import registry
from tests.contracts import webhook

FOLDER = Path(__file__).parents[2] / "events"
KINDS = sorted(kind for kind, parts in registry.KINDS.items() if parts.events)


def test_each_provider_with_webhooks_has_a_table() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_has_its_meaning(kind: str) -> None:
    module: Any = import_module(f"tests.unit.providers.{kind}.test_events")
    table = yaml.safe_load((FOLDER / f"{kind}.yaml").read_text("utf-8"))
    wrong = []
    for row in table["rows"]:
        content = json.dumps(module.said(row["event"], **row.get("with", {})))
        (found,) = webhook.read(module.Signer(), content.encode())
        meant = {"kind": EventKind.BOUNCED.value, "bounce": None, "reason": found.reason, **row}
        read = (found.kind.value, found.bounce and found.bounce.value, found.reason)
        if read != (meant["kind"], meant["bounce"], meant["reason"]):
            wrong.append((row, read))
        if "ana@" in found.reason or any(
            getattr(found, name) != value for name, value in table["names"].items()
        ):
            wrong.append((row, found))
    assert wrong == []
