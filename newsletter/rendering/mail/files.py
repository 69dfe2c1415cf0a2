"""Read the files of templates, and compute a fingerprint of all that shapes an email.

Nothing here needs the template engine, as most commands only compare fingerprints.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import newsletter
from newsletter.domain.errors import Defect, Fault
from newsletter.domain.statements.content import Publisher

EXTERNAL_STYLE_PATTERN = re.compile(r"@import\b|<link\b", re.IGNORECASE)
"""CSS and elements whose URLs premailer fetches, whatever its options."""

DEFAULT = "default/"
_TEMPLATE_GLOBS = ("*.j2", "*.css", "words/*.po", "words/*.pot")
# another version of one of these may render other bytes
_RENDERING_LIBRARIES = [
    *("babel", "cssselect", "cssutils", "jinja2", "lxml", "markdown-it-py", "markupsafe"),
    *("mdit-py-plugins", "nh3", "premailer"),
]
_VERSION_PREFIX = "Version: "


@dataclass(frozen=True, kw_only=True)
class TemplateFiles:
    """Templates by name, and the fixed words as ``words/es.po``."""

    sources: Mapping[str, str]
    places: Mapping[str, str]
    """Template name → its path, for error messages."""
    faults: tuple[Fault, ...] = ()
    """A fault for each file that cannot be read."""

    @property
    def digests(self) -> dict[str, str]:
        """Return template name → SHA-256 of its source."""
        return {
            name: hashlib.sha256(source.encode()).hexdigest()
            for name, source in sorted(self.sources.items())
        }


@cache
def page_templates(folder: str) -> TemplateFiles:
    """Read the page templates in a folder of the package. Cached for the process."""
    return read_templates(default_templates() / folder)


def default_templates() -> Path:
    """Return the folder of the default templates: in the package, or next to it in a checkout."""
    return find_templates(Path(newsletter.__file__).parent)


def find_templates(package: Path) -> Path:
    """Return the default templates of a package. Raises Defect if it has none."""
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "statement.html.j2").is_file():
            return folder
    raise Defect(f"the default templates are missing next to {package}: install newsletter again")


def mail_templates(override: Path | None) -> TemplateFiles:
    """Read the templates of mails; those in ``override`` replace the default ones."""
    return read_templates(default_templates(), override)


def read_templates(defaults: Path, override: Path | None = None) -> TemplateFiles:
    """Read a folder of templates, and a workspace's folder over it.

    A file in ``override`` replaces the default of the same name, and can extend it as
    ``default/NAME``.
    """
    sources: dict[str, str] = {}
    places: dict[str, str] = {}
    faults: list[Fault] = []
    folders: list[tuple[Path, tuple[str, ...]]] = [(defaults, ("", DEFAULT))]
    if override is not None and override.is_dir():
        folders.append((override, ("",)))
    for folder, prefixes in folders:
        found = (path for kind in _TEMPLATE_GLOBS for path in folder.glob(kind) if path.is_file())
        for path in sorted(found):
            name = path.relative_to(folder).as_posix()
            place = f"{folder.name}/{name}"
            try:
                source = path.read_bytes().decode()
            except OSError as error:
                why = f"cannot be read: {error.strerror}; check its owner and its rights"
                faults.append(Fault(file=place, message=why))
                continue
            except UnicodeDecodeError as error:
                faults.append(Fault(file=place, message=f"cannot be read as UTF-8: {error}"))
                continue
            for prefix in prefixes:
                sources[prefix + name] = source
                places[prefix + name] = place
    return TemplateFiles(sources=sources, places=places, faults=tuple(faults))


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that shape a mail. Cached, as reading them is slow."""
    versions = {}
    for library in _RENDERING_LIBRARIES:
        # metadata.version parses all of the file as an email, in five times as long
        text = metadata.distribution(library).read_text("METADATA") or ""  # missing if no wheel
        found = (line for line in text.splitlines() if line.startswith(_VERSION_PREFIX))
        number = next(found, "").removeprefix(_VERSION_PREFIX).strip()
        versions[library] = number or metadata.version(library)
    return versions


def fingerprint(files: TemplateFiles, publisher: Publisher, delivery_settings_hash: str) -> str:
    """Return SHA-256 over templates, publisher, delivery settings and library versions, in hex."""
    parts = {
        "delivery_settings_hash": delivery_settings_hash,
        "templates": files.digests,
        "publisher": asdict(publisher),
        "versions": library_versions(),
        "newsletter": newsletter.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
