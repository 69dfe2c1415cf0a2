"""Compares the settings and templates of this process with the files, and edits the settings."""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from newsletter.config.editing import Value, edit
from newsletter.config.loading import FILE_NAME, load
from newsletter.config.settings import Settings
from newsletter.domain.errors import InvalidConfiguration, Outdated, Refused, StoreUnavailable
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import Sentence, say
from newsletter.formats.files import write_file
from newsletter.pipeline.ledger import act_as
from newsletter.pipeline.subscribers.membership import delete_list
from newsletter.rendering.lazy import LazyRenderer
from newsletter.store.sql import Store

_RESTART_MESSAGE = say(
    "newsletter.yaml, a template or a file with a secret has changed since the service started."
    " Restart the service to use the change"
)
_RESTART_PENDING = say(
    "Settings were changed at the desk a moment ago. The service uses them within seconds"
)
_SHARED = say(
    "Several machines send, each with its own newsletter.yaml; your operator changes those."
)
_OUTDATED = say(
    "The settings have changed since you opened the page; nothing was saved. Look at them."
)
SettingChanges = Mapping[str, Value]
FilesSignature = tuple[tuple[str, int, int, int], ...]


def renderer_of(settings: Settings) -> LazyRenderer:
    """Return the renderer, with a fingerprint of each setting that changes an email."""
    return LazyRenderer(
        publisher=settings.publisher(),
        override=settings.resolve(Path("templates")),
        delivery_settings_hash=settings.delivery_settings_hash(),
    )


class ConfigurationOnDisk:
    """Detects whether the files that this process loaded have changed since.

    An admin's changes at the desk are written into the file. If the files have exactly the saved
    values, the service restarts by itself.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], *, key: bytes) -> None:
        self._settings, self._environ, self._key = settings, environ, key
        self.renderer = renderer_of(settings)
        self._last_comparison: tuple[FilesSignature, str] = (_signature(settings), "")
        """The files' signature at the last comparison, and its result."""
        self._file = settings.resolve(Path(FILE_NAME))
        self._saved_file = settings.resolve(Path("var/settings.saved"))
        """The file with the digest of the settings that were last saved at the desk."""
        self._keys_file = settings.resolve(Path("var/keys/links"))
        self._keys_inode = _stamp(self._keys_file)[-1]

    @cached_property
    def digest(self) -> str:
        """The keyed hash of the settings and templates that this process uses."""
        return self._digest(self._settings, self.renderer)

    def changed(self) -> str:
        """Return why a restart is needed, as a sentence, or "".

        The files are read again only if a time, size or inode has changed.
        """
        signature = _signature(self._settings)
        if signature != self._last_comparison[0]:
            self._last_comparison = (signature, self._compare())
        return self._last_comparison[1]

    def is_superseded(self) -> bool:
        """Return whether settings were saved at the desk, or a key was added, since the start.

        If several machines send, each gets the key first, and then a person restarts them.
        """
        has_new_key = _stamp(self._keys_file)[-1] != self._keys_inode
        has_new_key &= not self._settings.shares_sending
        return has_new_key or self.changed() == _RESTART_PENDING

    def why_not_editable(self) -> str:
        """Return why the settings cannot be changed at the desk, or ""."""
        if self._settings.shares_sending:
            return _SHARED
        if not os.access(self._file, os.W_OK) or self._file.stat().st_uid != os.geteuid():
            return say(
                "The service may not write newsletter.yaml; your operator changes the settings."
            )
        return self.changed()

    def with_changes(self, changes: SettingChanges) -> tuple[Settings, LazyRenderer, bytes]:
        """Return the settings, renderer and file content after these changes. Saves nothing."""
        text = self._file.read_bytes().decode("utf-8-sig")
        data = edit(text, changes).encode()
        return *self.read(data), data

    def save(self, changes: SettingChanges, *, by: str, expected_digest: str, store: Store) -> None:
        """Write the changes into the file. ``expected_digest`` is the one that the page showed.

        Raises InvalidConfiguration for a value, Outdated if the file has changed, and Refused,
        also if a list that is removed has a history.
        """
        if not changes:
            return
        before = self._file.read_bytes()
        settings, renderer, data = self.with_changes(changes)
        try:
            with act_as(store, by, Role.ADMIN, "change settings", in_person=True) as (tx, actor):
                if reason := self.why_not_editable():
                    raise Refused(reason)
                if expected_digest != self.digest or self._file.read_bytes() != before:
                    raise Outdated(_OUTDATED)
                kept = {one.name for one in settings.lists}
                deleted = [one.name for one in self._settings.lists if one.name not in kept]
                for name in deleted:
                    delete_list(tx, name)
                values = tuple(f"{key}: {to}" for key, to in changes.items() if to is not None)
                removed = tuple(key for key, to in changes.items() if to is None)
                removed = tuple(f"lists: {name}" for name in deleted) or removed
                tx.audit.enter(actor, "change settings", FILE_NAME, set=values, removed=removed)
                _replace(self._saved_file, self._digest(settings, renderer).encode())
                _replace(self._file, data)
        except StoreUnavailable:
            _replace(self._file, before)  # each change needs its line in the audit log
            raise

    def read(self, data: bytes | None = None) -> tuple[Settings, LazyRenderer]:
        """Return the settings on disk, or in ``data``, and their renderer."""
        settings = load(self._file, self._environ, data)
        return settings, renderer_of(settings)

    def _compare(self) -> str:
        try:
            found = self._digest(*self.read())
            same = found == self.digest
        except InvalidConfiguration as error:
            fault = error.faults[0]
            # no catalogue has what is wrong with the template of a provider's calls
            detail = str(fault) if isinstance(fault.message, Sentence) else fault.place
            faulty = (
                "newsletter.yaml has changed since the service started, and has a fault: {fault}."
                " Correct it, then restart the service"
            )
            return say(faulty, fault=detail)
        if not same and self._saved_file.exists() and self._saved_file.read_text() == found:
            return _RESTART_PENDING
        return "" if same else _RESTART_MESSAGE

    def _digest(self, settings: Settings, renderer: LazyRenderer) -> str:
        # keyed: the settings hold secrets, and the digest is stored in the database
        text = json.dumps([settings.values_json, renderer.fingerprint])
        return hashlib.blake2b(
            text.encode(), key=self._key, digest_size=16, person=b"configuration"
        ).hexdigest()


def _replace(file: Path, data: bytes) -> None:
    """Replace a file atomically. Raises Refused."""
    try:
        write_file(file, data)
    except OSError as error:
        refusal = "{file} cannot be written: {why}; ask your operator"
        raise Refused(say(refusal, file=file.name, why=error.strerror)) from error


def _signature(settings: Settings) -> FilesSignature:
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
