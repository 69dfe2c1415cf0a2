"""Templates: the defaults, those that replace them, and errors in them told by file and line."""

import hashlib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

import newsletter
from newsletter.domain.errors import Defect, Fault, InvalidInput
from newsletter.rendering.inlining import FETCHES

_SUFFIXES = (".j2", ".css")
_ESCAPED = ".html.j2"
_DEFAULT = "default/"


def default_templates() -> Path:
    """Where the default templates are: inside an installed package, or beside it in a checkout."""
    return find_templates(Path(newsletter.__file__).parent)


def find_templates(package: Path) -> Path:
    """The default templates of the package in this folder. Raises Defect if it has none."""
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "statement.html.j2").is_file():
            return folder
    raise Defect(f"the default templates are missing beside {package}: install newsletter again")


class Templates:
    """All templates, read once. Nothing is read from disk while rendering.

    A file in ``override`` replaces the default of the same name, and can still build on it as
    ``default/NAME``. Raises InvalidInput naming every template that cannot be read or parsed.
    """

    def __init__(
        self,
        defaults: Path,
        override: Path | None,
        *,
        filters: Mapping[str, Callable[..., Any]],
    ) -> None:
        self._sources: dict[str, str] = {}
        self._places: dict[str, str] = {}
        faults = self._read(defaults, prefixes=("", _DEFAULT))
        if override is not None and override.is_dir():
            faults += self._read(override, prefixes=("",))
        self._environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(self._source),
            autoescape=lambda name: name is None or name.endswith(_ESCAPED),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(filters)
        faults += self._parse()
        if faults:
            raise InvalidInput(faults)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each template."""
        return {
            name: hashlib.sha256(source.encode()).hexdigest()
            for name, source in sorted(self._sources.items())
        }

    def place(self, name: str) -> str:
        """How a person finds the template that is used under this name."""
        return self._places[name]

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """Fill a template. Raises InvalidInput with the place of whatever goes wrong in it."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:  # a template can raise anything: it calls methods and divides
            raise InvalidInput([self._fault(name, error)]) from error

    def exported(self, name: str, variable: str) -> Any:
        """What a template sets at its top. Raises InvalidInput if it sets no such thing."""
        try:
            found = getattr(self._environment.get_template(name).module, variable, None)
        except Exception as error:  # as in fill
            raise InvalidInput([self._fault(name, error)]) from error
        if found is None:
            message = f"sets no {variable}: copy the default {name}, and change it"
            raise InvalidInput([Fault(file=self.place(name), message=message)])
        return found

    def _source(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        source = self._sources.get(name)
        return None if source is None else (source, self._places[name], lambda: True)

    def _read(self, folder: Path, *, prefixes: tuple[str, ...]) -> list[Fault]:
        faults = []
        for path in sorted(folder.iterdir()):
            if not path.name.endswith(_SUFFIXES) or not path.is_file():
                continue
            place = f"{folder.name}/{path.name}"
            try:
                source = path.read_bytes().decode()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(Fault(file=place, message=f"cannot be read as UTF-8: {error}"))
                continue
            for prefix in prefixes:
                self._sources[prefix + path.name] = source
                self._places[prefix + path.name] = place
        return faults

    def _parse(self) -> list[Fault]:
        faults = []
        for name, source in self._sources.items():
            faults += _fetching(self._places[name], source)
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                faults.append(self._fault(name, error))
        return faults

    def _fault(self, name: str, error: Exception) -> Fault:
        if isinstance(error, TemplateSyntaxError):
            return Fault(
                file=error.filename or self.place(name),
                line=error.lineno,
                message=f"is not a template: {error.message}",
            )
        file, line = self.place(name), 0
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename in self._places.values():
                file, line = frame.f_code.co_filename, number
        return Fault(file=file, line=line, message=f"cannot be filled: {error}")


def _fetching(place: str, source: str) -> list[Fault]:
    return [
        Fault(
            file=place,
            line=source.count("\n", 0, found.start()) + 1,
            message=f"holds {found.group()}, and a mail fetches nothing: write out the rules",
        )
        for found in FETCHES.finditer(source)
    ]
