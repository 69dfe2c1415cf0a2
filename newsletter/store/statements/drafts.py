"""Drafts at the desk, with their versions and pictures. A submitted version never changes."""

from collections.abc import Collection
from datetime import datetime

from newsletter.domain.errors import Defect
from newsletter.domain.statements.draft import DamagedDraft, Draft, Picture, Version
from newsletter.store.database import NO_LIMIT, Repository
from newsletter.store.statements.statements import read_text, readable, searched_text

_VERSION = """
    SELECT number, kind, document AS text, "by", writers, began_at, at, closed, submitted_at,
           submitted_by
    FROM version
"""
_VERSION_COLUMNS = """
    version.number AS "version.number", version.kind AS "version.kind",
    version.document AS "version.text", version."by" AS "version.by",
    version.writers AS "version.writers", version.began_at AS "version.began_at",
    version.at AS "version.at", version.closed AS "version.closed",
    version.submitted_at AS "version.submitted_at", version.submitted_by AS "version.submitted_by"
"""
_SELECT_DRAFT_WITH = f"""
    SELECT draft.key, draft.slug, draft.copied_of, draft.import_findings, draft.revision,
           draft.submitted_version, draft.taken_back, draft.template, draft.created_at,
           draft.created_by,
           draft.changed_at, draft.changed_by, {_VERSION_COLUMNS}
    FROM draft JOIN version ON version.number = draft.{{}}
    WHERE draft.deleted_at IS NULL
"""
DRAFT = _SELECT_DRAFT_WITH.format("head")
_SELECT_SUBMITTED = f"{_SELECT_DRAFT_WITH.format('submitted_version')} AND draft.slug <> ''"


class Drafts(Repository):
    """The drafts at the desk. A deleted draft is not found, but its versions are kept."""

    def get(self, key: str) -> Draft | None:
        """Return a draft; None if there is none or its text is damaged."""
        return self._first(f"{DRAFT} AND draft.key = :key", key=key)

    def _first(self, sql: str, **values: object) -> Draft | None:
        return next(iter(readable(Draft, self._db.mappings(sql, **values))), None)

    def has_key(self, key: str) -> bool:
        """Return whether there is a draft with this key, also a damaged one."""
        query = "SELECT 1 FROM draft WHERE key = :key AND deleted_at IS NULL"
        return self._db.has_row(query, key=key)

    def find_by_slug(self, slug: str) -> Draft | None:
        return self._first(f"{DRAFT} AND draft.slug = :slug AND draft.slug <> ''", slug=slug)

    def has_slug(self, slug: str) -> bool:
        """Return whether a draft has this slug, even a deleted one."""
        query = "SELECT key FROM draft WHERE slug = :slug AND slug <> ''"
        return self._db.value(query, slug=slug) is not None

    def list_templates(self) -> list[Draft]:
        query = f"{DRAFT} AND draft.template = 1 ORDER BY version.sought"
        return readable(Draft, self._db.mappings(query))

    def _versions(self, condition: str, **values: object) -> list[Version]:
        return readable(Version, self._db.mappings(f"{_VERSION} WHERE {condition}", **values))

    def list_template_versions(self, since: datetime) -> list[Version]:
        """Return the versions of templates that the editor may have inserted since a time."""
        templates = "FROM draft WHERE template = 1"
        return self._versions(
            f"draft IN (SELECT key {templates}) AND (at >= :since OR number IN"
            f" (SELECT head {templates} AND COALESCE(deleted_at, :since) >= :since))",
            since=since,
        )

    def list_versions(self, key: str, limit: int, *, skip: int = 0) -> list[Version]:
        return self._versions(
            "draft = :key ORDER BY number DESC LIMIT :limit OFFSET :skip",
            key=key,
            limit=limit,
            skip=skip,
        )

    def count_versions(self, key: str, upto: int = NO_LIMIT) -> int:
        """Return the number of versions up to one, which pages show as its number."""
        query = "SELECT COUNT(*) FROM version WHERE draft = :key AND number <= :upto"
        return self._db.number(query, key=key, upto=upto)

    def get_version(self, key: str, number: int) -> Version | None:
        """Return a version; None if there is none or its text is damaged."""
        condition = "draft = :key AND number = :number"
        return next(iter(self._versions(condition, key=key, number=number)), None)

    def find_conflicting(self, key: str, by: str) -> Version | None:
        """Return the last version that a person typed on an outdated revision."""
        condition = (
            """draft = :key AND "by" = :by AND kind = 'aside' ORDER BY number DESC LIMIT 1"""
        )
        return next(iter(self._versions(condition, key=key, by=by)), None)

    def list_submitted(self, slugs: Collection[str] | None = None) -> list[Draft | DamagedDraft]:
        """Return all submitted drafts, or those with these slugs, in their submitted versions."""
        among = "" if slugs is None else "AND draft.slug IN (SELECT value FROM json_each(:slugs))"
        query = f"{_SELECT_SUBMITTED} {among} ORDER BY draft.slug"
        return [
            read_text(Draft, row) or DamagedDraft(key=row["key"], slug=row["slug"])
            for row in self._db.mappings(query, slugs=sorted(slugs or ()))
        ]

    def add(self, draft: Draft) -> Draft:
        """Add a draft and its first version; return it with the version's number."""
        # the two rows refer to each other, so that one must be changed later
        values = {name: value for name, value in vars(draft).items() if name != "version"}
        self._db.insert("draft", head=0, **values)
        number = self.add_version(draft.key, draft.version)
        self._db.update("draft", {"key": draft.key}, head=number)
        return self._require(draft.key)

    def add_version(self, key: str, version: Version) -> int:
        aside = {"number", "text"}
        values = {name: value for name, value in vars(version).items() if name not in aside}
        sought = searched_text(version.text)
        return self._db.insert(
            "version", returning="number", draft=key, document=version.text, sought=sought, **values
        )

    def update_open(self, version: Version) -> None:
        # an open page may still send the text of a submitted version
        self._db.update(
            "version",
            {"number": version.number, "submitted_at": None},
            document=version.text,
            sought=searched_text(version.text),
            at=version.at,
        )

    def close_version(self, number: int) -> None:
        """Close a version, so that further typing creates another one."""
        self._db.update("version", {"number": number}, closed=1)

    def set_head(self, key: str, head: int, *, by: str, at: datetime) -> Draft:
        """Make this version the current one, as a new revision of the draft."""
        self._db.change(
            "UPDATE draft SET head = :head, revision = revision + 1, changed_at = :at,"
            " changed_by = :by WHERE key = :key",
            key=key,
            head=head,
            by=by,
            at=at,
        )
        return self._require(key)

    def submit(self, key: str, slug: str, number: int, *, by: str, at: datetime) -> None:
        self._db.update("version", {"number": number}, submitted_at=at, submitted_by=by, closed=1)
        self._db.update("draft", {"key": key}, slug=slug, submitted_version=number, taken_back=0)

    def change(self, key: str, **columns: object) -> None:
        """Change fields of a draft, such as ``taken_back`` and ``deleted_at``."""
        self._db.update("draft", {"key": key}, **columns)

    def _require(self, key: str) -> Draft:
        found = self.get(key)
        if found is None:
            raise Defect(f"the text {key} at the desk is gone")
        return found


class Pictures(Repository):
    """The pictures of drafts. None is changed or deleted, because sent emails show it."""

    def add(self, picture: Picture, data: bytes) -> None:
        self._db.insert("picture", data=data, **vars(picture))

    def list_for(self, draft: str) -> list[Picture]:
        return self._db.all(
            Picture,
            'SELECT name, draft, kind, width, height, alt, "by", at FROM picture'
            " WHERE draft = :draft ORDER BY at DESC, name",
            draft=draft,
        )

    def get_data(self, name: str) -> tuple[str, bytes] | None:
        """Return the media type and the bytes of a picture."""
        rows = self._db.rows("SELECT kind, data FROM picture WHERE name = :name", name=name)
        return rows[0] if rows else None
