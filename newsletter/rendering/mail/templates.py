"""Fill templates, and report their errors by file and line."""

import traceback
from collections.abc import Callable, Mapping
from types import CodeType, MappingProxyType
from typing import Any, ClassVar

from jinja2 import BytecodeCache, FunctionLoader, StrictUndefined, TemplateSyntaxError
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.domain.errors import Fault, InvalidInput
from newsletter.rendering.mail.files import DEFAULT, EXTERNAL_STYLE_PATTERN, TemplateFiles

_ESCAPED_SUFFIXES = (".html.j2", ".xml.j2")


class _BytecodeMemory(BytecodeCache):
    """A cache of compiled templates by path and source. It is emptied when it is full."""

    _MAX_TEMPLATES = 500

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._codes) >= self._MAX_TEMPLATES:
            self._codes.clear()
        if bucket.code:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_BYTECODE_CACHE = _BytecodeMemory()


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox that decides once for each type and attribute, by which alone it decides."""

    _is_safe: ClassVar[dict[tuple[type, str], bool]] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        key = (type(obj), attr)
        if key not in self._is_safe:
            self._is_safe[key] = super().is_safe_attribute(obj, attr, value)
        return self._is_safe[key]


class Templates:
    """All templates of some files. Rendering reads no files.

    ``pages``: the templates are for a browser, and may fetch a style sheet. ``finalize`` changes
    each value that a template writes, and ``translate`` its source on first use. The constructor
    raises InvalidInput that names every template that cannot be read or parsed.
    """

    def __init__(
        self,
        files: TemplateFiles,
        *,
        filters: Mapping[str, Callable[..., Any]],
        functions: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
        finalize: Callable[[Any], Any] | None = None,
        translate: Callable[[str], str] = str,
        pages: bool = False,
    ) -> None:
        self.files = files
        self._sources = files.sources
        self._places = files.places
        self._pages = pages
        self._translate = translate
        # sandboxed: a template cannot reach the machine
        self._environment = _Sandbox(
            loader=FunctionLoader(self._source),
            autoescape=lambda name: name is None or name.endswith(_ESCAPED_SUFFIXES),
            undefined=StrictUndefined,  # a misspelt name would leave a hole in a mail
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            bytecode_cache=_BYTECODE_CACHE,
            finalize=finalize,
        )
        self._environment.globals.update(functions)
        self._environment.filters.update(filters)
        faults = [*files.faults, *self._parse()]
        if faults:
            raise InvalidInput(faults)

    def place(self, name: str) -> str:
        return self._places[name]

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """Render a template. Raises InvalidInput with file and line of an error."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:  # a template can raise anything: it calls methods and divides
            raise InvalidInput([self._fault(name, error)]) from error

    def _source(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        source = self._sources.get(name)
        # always up to date: sources do not change while this lives
        if source is None:
            return None
        return self._translate(source), self._places[name], lambda: True

    def _parse(self) -> list[Fault]:
        """Compile a workspace's templates. Return their faults; default ones compile on use."""
        faults = []
        for name, source in self._sources.items():
            if name.endswith((".po", ".pot")):
                continue
            faults += [] if self._pages else _fetch_faults(self._places[name], source)
            if name.startswith(DEFAULT) or self._sources.get(DEFAULT + name) is source:
                continue
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


def _fetch_faults(file: str, source: str) -> list[Fault]:
    return [
        Fault(
            file=file,
            line=source.count("\n", 0, found.start()) + 1,
            message=f"holds {found.group()}, and a mail fetches nothing: write out the rules",
        )
        for found in EXTERNAL_STYLE_PATTERN.finditer(source)
    ]
