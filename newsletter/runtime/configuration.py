"""The settings and templates of this process, compared with those on disk."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from newsletter.config.loading import FILE_NAME, load
from newsletter.config.settings import Settings
from newsletter.domain.errors import InvalidConfiguration
from newsletter.rendering.lazy import LazyRenderer

_CHANGED = (
    f"{FILE_NAME}, a template or a file with a secret has changed since the service started."
    " Restart the service to use the change"
)
Signature = tuple[tuple[str, int, int, int], ...]


def renderer_of(settings: Settings) -> LazyRenderer:
    """Return the renderer. Its fingerprint covers every setting that changes an email."""
    return LazyRenderer(
        house=settings.house(),
        override=settings.resolve(Path("templates")),
        carriage=settings.carriage(),
    )


class ConfigurationOnDisk:
    """Tells whether the files that this process read when it started have changed since."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], *, key: bytes) -> None:
        self._settings, self._environ, self._key = settings, environ, key
        self.renderer = renderer_of(settings)
        self._seen: tuple[Signature, str] = (_signature(settings), "")
        """The files as they were when they were last compared, and what that came to."""

    @cached_property
    def digest(self) -> str:
        """The keyed hash of the settings and templates that this process uses."""
        return self._digest(self._settings, self.renderer)

    def changed(self) -> str:
        """Return why a restart is needed, as a sentence, or "".

        A file is read again only if its time, size or inode has changed.
        """
        signature = _signature(self._settings)
        if signature != self._seen[0]:
            self._seen = (signature, self._compare())
        return self._seen[1]

    def _compare(self) -> str:
        try:
            again = load(self._settings.workspace / FILE_NAME, self._environ)
            same = self._digest(again, renderer_of(again)) == self.digest
        except InvalidConfiguration as error:
            return (
                f"{FILE_NAME} has changed since the service started, and has a fault:"
                f" {error.faults[0]}. Correct it, then restart the service"
            )
        return "" if same else _CHANGED

    def _digest(self, settings: Settings, renderer: LazyRenderer) -> str:
        # keyed: the settings hold secrets, and the digest is stored in the database
        text = json.dumps([settings.values, renderer.fingerprint])
        return hashlib.blake2b(
            text.encode(), key=self._key, digest_size=16, person=b"configuration"
        ).hexdigest()


def _signature(settings: Settings) -> Signature:
    templates = settings.resolve(Path("templates"))
    file = settings.resolve(Path(FILE_NAME))
    files = (file, *settings.secret_files, *sorted(templates.rglob("*")))
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
