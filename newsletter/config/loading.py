"""From ``newsletter.yaml`` to settings: everything that is wrong is told at once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsletter.config.document import Document, build
from newsletter.config.preparation import Preparation
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape
from newsletter.config.syntax import parse
from newsletter.config.wording import find, say
from newsletter.domain.errors import Fault, InvalidConfiguration
from newsletter.webhooks import registry

FILE_NAME = "newsletter.yaml"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings. Its directory is the workspace, from which relative paths count.

    Raises InvalidConfiguration with every fault, in the order of the file.
    """
    path = path.absolute()
    document = build(path.name, parse(path))
    root = Shape.of_settings()
    values = Preparation(
        document=document, root=root, workspace=path.parent, environ=environ
    ).prepare()
    cause: ValidationError | None = None
    settings: Settings | None = None
    try:
        settings = _validated(values, path.parent)
    except ValidationError as error:
        cause = error
        _explain(error, document, root, values)
    _question_dates(document, root, values)
    _question_webhook(document, values)
    if settings is None or document.faults:
        raise InvalidConfiguration(_in_order(document.faults)) from cause
    return settings


def find_workspace(start: Path) -> Path:
    """The nearest directory at or above ``start`` that holds a ``newsletter.yaml``.

    Raises InvalidConfiguration where there is none.
    """
    start = start.absolute()
    for directory in (start, *start.parents):
        if (directory / FILE_NAME).is_file():
            return directory
    raise InvalidConfiguration(
        [
            Fault(
                file=FILE_NAME,
                message=f"is neither in {start} nor in a directory above it; go to your "
                "workspace, name it with --workspace, or make one with: newsletter init",
            )
        ]
    )


def _validated(values: Any, workspace: Path) -> Settings:
    """JSON is what strict validation reads paths and lists from; Python values it would refuse."""
    return Settings.model_validate_json(json.dumps(values), context={"workspace": workspace})


def _explain(error: ValidationError, document: Document, root: Shape, values: Any) -> None:
    for details in error.errors(include_url=False):
        finding = find(details, document, root, values)
        if not document.is_broken(finding.path):
            document.fault(finding.path, say(finding))


def _question_dates(document: Document, root: Shape, values: Any) -> None:
    """Where no date is wanted, what YAML takes for one was meant as text."""
    for path, written in document.written.items():
        dated = root.at(path, values).schema.get("format") == "date"
        if written.reading == "a date" and not dated and not document.is_broken(path):
            document.fault(
                path,
                f"must be text, and YAML reads {written.text} as a date; "
                f'if it is meant so, put it in quotes: "{written.text}"',
            )


def _question_webhook(document: Document, values: Any) -> None:
    """A key that cannot verify anything is told now, not when the first post comes."""
    provider = values.get("provider") if isinstance(values, dict) else None
    given = provider if isinstance(provider, dict) else {}
    kind, key, topics = (given.get(name) for name in ("kind", "webhook_key", "webhook_topics"))
    try:
        registry.build(
            str(kind),
            key=key if isinstance(key, str) and key else None,
            topics=[one for one in topics if isinstance(one, str)]
            if isinstance(topics, list)
            else [],
            fetch=lambda _: b"",
        )
    except InvalidConfiguration as error:
        path = tuple(error.faults[0].key.split("."))
        if not document.is_broken(path):
            document.fault(path, error.faults[0].message)


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.line, fault.column))
