"""Load ``newsletter.yaml`` and report all faults; show settings without secrets."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from newsletter.config.document import Document, KeyPath, Written, build, expand, key_text, parse
from newsletter.config.settings import Settings
from newsletter.config.shape import Shape, as_yaml, child_value
from newsletter.domain.errors import InvalidConfiguration
from newsletter.domain.wording import Sentence, did_you_mean, invalid, say
from newsletter.providers import registry

_MAX_SECRET_BYTES = 64 * 1024
_PEM_START = "-----BEGIN "
"""The beginning of a key in PEM format, which has several lines."""
_FILE_SUFFIX = "_file"


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Prepares values for validation: fills in variables and secrets, reports unknown keys."""

    document: Document
    root: Shape
    workspace: Path
    environ: Mapping[str, str]

    def prepare(self) -> Any:
        """Return the values to validate. Adds faults to the document."""
        # variables first: one may be the ``kind``, on which the allowed keys depend
        return self._fit(self._expand_value(self.document.value, ()), self.root, ())

    def _expand_value(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: self._expand_value(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._expand_value(inner, (*path, index)) for index, inner in enumerate(value)]
        return self._expand(value, path) if isinstance(value, str) else value

    def _expand(self, text: str, path: KeyPath) -> str:
        try:
            expanded = expand(text, self.environ)
            expanded.encode()
        except UnicodeEncodeError:
            self.document.fault(path, say("stands for a value that is not UTF-8; set another"))
            return ""
        except ValueError as error:
            self.document.fault(path, str(error))
            return ""
        if expanded != text:
            self.document.written[path] = Written(text=text, reading="")
        return expanded

    def _fit(self, value: Any, shape: Shape, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return self._group(value, shape, path)
        if isinstance(value, list):
            return [self._fit(one, shape.items, (*path, i)) for i, one in enumerate(value)]
        if isinstance(value, str) and path in self.document.written:
            return _parse_variable(value, shape.type)
        return value

    def _group(self, group: dict[str, Any], parent: Shape, path: KeyPath) -> dict[str, Any]:
        shape = parent.for_value(group)
        values_by_key: dict[str, Any] = {}
        for key, value in group.items():
            inner = (*path, key)
            owner = key.removesuffix(_FILE_SUFFIX)
            is_file_key = owner != key and key not in shape.keys and shape.child(owner).secret
            if not is_file_key and (key in shape.keys or not shape.closed):
                values_by_key[key] = self._fit(value, shape.child(key), inner)
                if shape.child(key).secret and not self.document.is_broken(inner):
                    self._check_secret(value, inner)
            elif is_file_key:
                if owner in group:
                    twice = "{key} is written as well; keep one of the two"
                    self.document.fault(inner, say(twice, key=owner))
                else:
                    self.document.names[(*path, owner)] = inner
                    values_by_key[owner] = self._secret(value, inner)
            else:
                kinds = [kind for kind, each in parent.kinds.items() if key in each.keys]
                self._report_unknown_key(key, group, shape, path, kinds)
        return values_by_key

    def _check_secret(self, secret: Any, path: KeyPath) -> None:
        """Report a fault of a secret. pydantic's message would show the secret."""
        written = self.document.written.get(path)
        if secret == "":
            self.document.fault(path, say("is empty; write the secret, or delete the key"))
        elif isinstance(secret, str) and secret != secret.strip():
            self.document.fault(path, say("has blanks around the secret; take them out"))
        elif not isinstance(secret, str) or (written and written.reading):
            self.document.fault(path, say("is not text for YAML; put it in quotes"))

    def _secret(self, name: Any, path: KeyPath) -> str:
        """Return the secret in a file; "" after a fault.

        No message shows the path: it may be the secret itself, by mistake.
        """
        if self.document.is_broken(path):
            return ""
        if not isinstance(name, str) or not name:
            self.document.fault(path, say("must be the path of a file that holds the secret"))
            return ""
        file = self.workspace / name
        self.document.secret_files.append(file)
        try:
            return _read_secret(file)
        except ValueError as error:
            self.document.fault(path, str(error))
            return ""

    def _report_unknown_key(
        self, key: str, group: Mapping[str, Any], shape: Shape, path: KeyPath, kinds: Sequence[str]
    ) -> None:
        """Report an unknown key. ``kinds`` are the kinds that have it."""
        secrets = [key for key, child in shape.keys.items() if child.secret]
        names = [*shape.keys, *(f"{key}{_FILE_SUFFIX}" for key in secrets)]
        homes = [home for home, child in self.root.keys.items() if key in child.keys]
        hint = did_you_mean(key.replace("-", "_"), names)
        if isinstance(hint, Sentence):
            near = str(hint.values["name"])
            if near not in group:
                # do not also report that the correctly spelt key is missing
                self.document.broken.add((*path, near.removesuffix(_FILE_SUFFIX)))
        elif kinds:
            hint = say("; only kind {kinds} has it: remove this line.", kinds=" or ".join(kinds))
        elif homes:
            hint = say("; it belongs under {key}.", key=homes[0])
        message = "is not a key here{hint} The keys here are: {names}"
        self.document.fault((*path, key), say(message, hint=hint or ".", names=", ".join(names)))


def _parse_variable(text: str, field_type: Any) -> Any:
    """Return the value of an environment variable, as a number or boolean if its setting is one."""
    if field_type is bool:
        return {"true": True, "false": False}.get(text.casefold(), text)
    if field_type in {int, float} and re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if field_type is float and re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text):
        return float(text)
    return text


def _read_secret(file: Path) -> str:
    """Return the secret in a file, without blanks around it. Raises ValueError with the remedy."""
    advice = say("the path is relative to the directory of newsletter.yaml")
    try:
        if not file.is_file():
            raise invalid("names no file; write one, or correct the path ({advice})", advice=advice)
        with file.open("rb") as stream:
            data = stream.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        unread = "its file cannot be read: {error} ({advice})"
        raise invalid(unread, error=error.strerror, advice=advice) from error
    if len(data) > _MAX_SECRET_BYTES:
        raise invalid("its file is too large to hold a secret (over 64 KiB)")
    try:
        secret = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise invalid("its file is not text in UTF-8; write only the secret in it") from error
    if not secret:
        raise invalid("its file is empty; write the secret in it")
    if not secret.startswith(_PEM_START) and len(secret.splitlines()) > 1:
        many = "its file has {lines} lines; write the secret alone, on one line"
        raise invalid(many, lines=len(data.splitlines()))
    return secret


FILE_NAME = "newsletter.yaml"


def load(path: Path, environ: Mapping[str, str], data: bytes | None = None) -> Settings:
    """Load the settings from a file, or from ``data`` in place of its content.

    The folder of the file is the workspace. Raises InvalidConfiguration with all faults, in the
    order of the file.
    """
    path = path.absolute()
    document = build(path.name, parse(path, data))
    root = Shape(type=Settings)
    values = Preparation(
        document=document, root=root, workspace=path.parent, environ=environ
    ).prepare()
    cause: ValidationError | None = None
    settings: Settings | None = None
    # strict validation accepts paths and lists only from JSON
    text = json.dumps(values, sort_keys=True)
    context = {
        "workspace": path.parent,
        "values": text,
        "secrets": document.secret_files,
        "lines": document.lines,
    }
    try:
        settings = Settings.model_validate_json(text, context=context)
    except ValidationError as error:
        from newsletter.config.wording import explain, find  # few files have faults

        cause = error
        for details in error.errors(include_url=False):
            finding = find(details, document, root, values)
            if not document.is_broken(finding.path):
                document.fault(finding.path, explain(finding))
    _check_dates(document, root, values)
    _check_webhook(document, values)
    if settings is None or document.faults:
        in_order = sorted(document.faults, key=lambda fault: (fault.line, fault.column))
        raise InvalidConfiguration(in_order) from cause
    return settings


def find_workspace(start: Path) -> Path:
    """Return the nearest directory at or above ``start`` that contains a ``newsletter.yaml``.

    Raises InvalidConfiguration if there is none.
    """
    start = start.absolute()
    for directory in (start, *start.parents):
        if (directory / FILE_NAME).is_file():
            return directory
    raise InvalidConfiguration.at(
        FILE_NAME,
        f"is neither in {start} nor in a directory above it; go to your "
        "workspace, name it with --workspace, or make one with: newsletter init",
    )


def _check_dates(document: Document, root: Shape, values: Any) -> None:
    """Report text that YAML reads as a date."""
    for path, written in document.written.items():
        is_date = root.at(path, values).type is date
        if written.reading == "a date" and not is_date and not document.is_broken(path):
            misread = (
                "must be text, and YAML reads {value} as {reading}; if it is meant so, put it in"
                ' quotes: "{value}"'
            )
            document.fault(path, say(misread, value=written.text, reading=say("a date")))


def _check_webhook(document: Document, values: Any) -> None:
    """Report an invalid webhook key of a provider, before the first webhook call."""
    for place in ("provider", "fallback_provider"):
        options = child_value(values, place)
        names = ("kind", "webhook_key", "webhook_topics")
        kind, key, events = (child_value(options, name) for name in names)
        key = key if isinstance(key, str) and key else None
        topics = [one for one in events if isinstance(one, str)] if isinstance(events, list) else []
        try:
            registry.webhook(str(kind), key=key, topics=topics, fetch=lambda _: b"")
        except InvalidConfiguration as error:
            path = (place, error.faults[0].key.partition(".")[2])
            if not document.is_broken(path):
                document.fault(path, error.faults[0].message)


def show(settings: Settings) -> dict[str, Any]:
    """Return all settings as JSON values, with masked secrets."""
    return settings.model_dump(mode="json")


@dataclass(frozen=True, kw_only=True)
class ShownSetting:
    """One setting for display. A secret is masked."""

    key: str
    about: str
    value: str
    line: int
    """The line in ``newsletter.yaml``; 0 for a default."""


def list_settings(settings: Settings) -> list[ShownSetting]:
    return list(_flatten(show(settings), Shape(type=Settings), (), settings.lines))


def _flatten(
    value: Any, shape: Shape, path: KeyPath, lines: Mapping[str, int]
) -> Iterator[ShownSetting]:
    parts: Any = None
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        parts = enumerate(value)
    if parts is not None:
        inner = shape.for_value(value)
        for part, one in parts:
            yield from _flatten(one, inner.child(part), (*path, part), lines)
        return
    text = ", ".join(map(str, value)) if isinstance(value, list) else as_yaml(value)
    key = key_text(path)
    yield ShownSetting(key=key, about=shape.description, value=text, line=lines.get(key, 0))
