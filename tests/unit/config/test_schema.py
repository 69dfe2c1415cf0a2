"""The schema for editors, the example and the documentation say what the settings say."""

from pathlib import Path
from typing import Any

import jsonschema
import yaml

from newsletter.config.loading import load
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape, as_yaml
from newsletter.providers.registry import OPTIONS
from tests.rows import rows
from tools.reference.settings import document

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "newsletter.example.yaml"


def valid(schema: dict[str, Any], text: str) -> bool:
    validator = jsonschema.Draft202012Validator(schema)
    return validator.is_valid(yaml.safe_load(text))


def test_the_schema_is_one_of_its_dialect(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["$schema"].endswith("/draft/2020-12/schema")


def test_the_example_is_valid_for_editors_and_for_us(schema: dict[str, Any]) -> None:
    text = EXAMPLE.read_text("utf-8")

    jsonschema.validate(yaml.safe_load(text), schema, cls=jsonschema.Draft202012Validator)
    assert load(EXAMPLE, {}).default_lists == ("press",)
    assert load(EXAMPLE, {}).approvals.trust_front_matter is False
    assert text.startswith("# yaml-language-server: $schema=./newsletter.schema.json\n")


def every_key(shape: Shape) -> set[str]:
    kinds = shape.items.kinds or shape.kinds
    kind = kinds.get("outbox") or kinds.get("folder")
    keys = (kind or shape).keys
    return set(keys).union(*(every_key(child) for child in keys.values()))


def test_the_example_shows_every_key_with_a_comment() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()

    for key in every_key(Shape(type=Settings)):
        shown = [line for line in lines if line.strip(" #-").startswith(f"{key}:")]
        assert shown, f"{key} is not in the example"
    for line in lines:
        topmost = line[:1].isalpha()
        assert not topmost or "#" in line, line


def test_each_provider_has_its_schema(schema: dict[str, Any]) -> None:
    mapping = schema["properties"]["provider"]["discriminator"]["mapping"]

    assert set(mapping) == set(OPTIONS)


@rows(
    ("provider", "good"),
    [
        ("{kind: outbox}", True),
        ("{kind: outbox, rate: 5, timeout: 30s}", True),
        ("{kind: outbox, concurrency: '${CALLS}'}", True),
        ("{kind: outbox, concurrency: many}", False),
        ("{kind: outbox, concurrency: 0}", False),
        ("{kind: outbox, pth: x}", False),
        ("{kind: pigeon}", False),
        ("{kind: mailgun, domain: forum.example, api_key: key}", True),
        ("{kind: mailgun, domain: forum.example, api_key_file: key}", True),
        ("{kind: mailgun, domain: forum.example}", False),
        ("{kind: mailgun, domain: forum.example, api_key: key, api_key_file: key}", False),
    ],
)
def test_editors_judge_providers_as_we_do(
    schema: dict[str, Any], base: str, provider: str, good: bool
) -> None:
    assert valid(schema, f"{base}provider: {provider}\n") is good


@rows(
    ("more", "good"),
    [
        ("language: pt-BR\n", True),
        ("language: ${LANGUAGE}\n", True),
        ("language: english\n", False),
        ("default_lists: [press]\n", True),
        ("default_lists: [Press]\n", False),
        ("statements: []\n", False),
        ("approvals: {required: 0}\n", False),
        ("unknown: 1\n", False),
    ],
)
def test_editors_judge_single_values_as_we_do(
    schema: dict[str, Any], base: str, more: str, good: bool
) -> None:
    assert valid(schema, base + more) is good


def test_durations_and_groups_show_defaults_as_they_are_written(schema: dict[str, Any]) -> None:
    assert schema["$defs"]["Schedule"]["properties"]["undo_window"]["default"] == "5m"
    assert schema["properties"]["schedule"]["default"] == {
        "poll": "5s",
        "undo_window": "5m",
        "start": "approval",
    }


def test_each_key_is_explained() -> None:
    def unexplained(shape: Shape, path: str) -> list[str]:
        found = []
        for key, child in shape.keys.items():
            if key != "kind" and not child.description:
                found.append(f"{path}.{key}")
            for inner in (child, child.items, *child.kinds.values(), *child.items.kinds.values()):
                found += unexplained(inner, f"{path}.{key}")
        return found

    assert unexplained(Shape(type=Settings), "") == []


def test_the_documentation_is_what_the_settings_say() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text("utf-8")

    assert written == document(), (
        "stale: python -m tools.reference.settings > docs/configuration.md"
    )


def test_the_documentation_names_each_key_and_each_kind() -> None:
    text = document()

    for key in every_key(Shape(type=Settings)) - {"kind"}:
        assert f"`{key}`" in text
    for kind in OPTIONS:
        assert f"### `kind: {kind}`" in text


@rows(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        (["press", "local"], "[press, local]"),
        ([{"kind": "folder"}], "[{kind: folder}]"),
        ("text", "text"),
    ],
)
def test_values_are_written_as_in_the_file(value: Any, text: str) -> None:
    assert as_yaml(value) == text
