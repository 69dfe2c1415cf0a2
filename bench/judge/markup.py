"""The judges of the HTML: caniemail and html-validate on Node, the W3C's checker on Java."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.judge.support import Mark, Support, score

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
JAR = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
_SCRIPT = HERE / "judge.mjs"
_LIMIT = 300.0

# Features that mail needs and the web has given up. Outlook, phones and old web mail need them,
# Apple Mail "supported-color-schemes"; Outlook for Windows lays tables out by obsolete attributes
# and reads its settings from "xmlns:v" and "xmlns:o"; a slash is harmless.
_ALLOWED = re.compile(
    r"Property “(mso-[\w-]+|-(?:ms|webkit|moz)-[\w-]+|Margin[\w-]*|supported-color-schemes)”"
    r"|is obsolete"
    r"|Attribute “xmlns:[vo]” not allowed here"
    r"|Trailing slash on void"
)


@dataclass(frozen=True, kw_only=True)
class Markup:
    """The remarks on one HTML file."""

    support: Support
    validate: tuple[str, ...]
    """Return the objections of html-validate."""


def examine(files: Sequence[Path]) -> list[Markup]:
    """Put HTML files before caniemail and html-validate."""
    command = ["node", str(_SCRIPT), *map(str, files)]
    said = json.loads(_run(command).stdout)
    marks = read_marks(said["marks"])
    return [
        Markup(
            support=score(one["features"], marks),
            validate=tuple(
                f"{told['rule']}, line {told['line']}: {told['message']}"
                for told in one["complaints"]
            ),
        )
        for one in said["files"]
    ]


def read_marks(told: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, list[Mark]]:
    """The marks of each feature, from JSON."""
    return {feature: [Mark(**mark) for mark in several] for feature, several in told.items()}


def check(files: Sequence[Path]) -> list[tuple[str, ...]]:
    """Put HTML files before the W3C's checker; its errors for each."""
    command = ["java", "-jar", str(JAR), "--format", "json", "--exit-zero-always"]
    told = json.loads(_run([*command, *map(str, files)]).stderr)["messages"]
    return errors_by_file(told, [file.as_uri() for file in files])


def errors_by_file(told: Sequence[Mapping[str, Any]], urls: Sequence[str]) -> list[tuple[str, ...]]:
    """Those messages that are errors, for each file in its order. Raises KeyError for another."""
    found: dict[str, list[str]] = {url: [] for url in urls}
    for message in told:
        if is_error(message):
            # the checker writes file:/x where pathlib writes file:///x
            url = re.sub("^file:/+", "file:///", message["url"])
            found[url].append(f"line {message.get('lastLine', '?')}: {message['message']}")
    return [tuple(errors) for errors in found.values()]


def is_error(message: Mapping[str, Any]) -> bool:
    """Return whether the checker reports an error that mail can avoid."""
    return message["type"] != "info" and not _ALLOWED.search(message["message"])


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=True)
