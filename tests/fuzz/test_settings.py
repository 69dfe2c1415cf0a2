"""Any ``newsletter.yaml`` is read, or each fault is reported with its line."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config.loading import load, show
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.domain.errors import InvalidConfiguration
from tests.fuzz.hostile import BYTES, JSON, hostile
from tests.workspaces import BASE

DIGITS = "9182736450"
ROOT = Shape(type=Settings)
SECRETS = [
    (kind, key)
    for kind, shape in ROOT.keys["provider"].kinds.items()
    for key, child in shape.keys.items()
    if child.holds_secrets
]
FORMS = st.sampled_from([DIGITS, [DIGITS], {"a": DIGITS}, {"a": {"b": DIGITS}}, int(DIGITS)])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "newsletter.yaml"


def read(file: Path, data: bytes) -> str:
    """Return the settings as shown, or their faults."""
    file.write_bytes(data)
    try:
        return json.dumps(show(load(file, {})))
    except InvalidConfiguration as error:
        return str(error)


@hostile
@given(BYTES)
def test_any_bytes(file: Path, data: bytes) -> None:
    for text in (data, BASE.encode() + data):
        read(file, text).encode()


@hostile
@given(st.sampled_from(sorted(ROOT.keys)), JSON)
def test_any_value_of_any_key(file: Path, key: str, value: object) -> None:
    kept = {name: each for name, each in yaml.safe_load(BASE).items() if name != key}
    read(file, json.dumps({**kept, key: value}).encode()).encode()


@hostile
@given(st.sampled_from(SECRETS), FORMS, st.sampled_from(["", "_file", "_fil", "s"]), JSON)
def test_no_secret_is_told(
    file: Path, place: tuple[str, str], value: object, end: str, other: object
) -> None:
    """In any form, under its key, a file's or a mistyped one, next to other faults."""
    kind, key = place
    provider = {"kind": kind, f"{key}{end}": value, "rate": other}
    text = json.dumps({**yaml.safe_load(BASE), "provider": provider})
    assert DIGITS not in read(file, text.encode())
