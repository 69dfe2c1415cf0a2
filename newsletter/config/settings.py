"""All settings: each with its type, default and description."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import PrivateAttr, SecretStr, ValidationInfo, field_validator

from newsletter.config import fields
from newsletter.config.channels import CHANNELS, ChannelOptions
from newsletter.config.sources import SOURCES, AnySource, FolderOptions, check_sources
from newsletter.domain.campaigns.campaign import StartBy
from newsletter.domain.campaigns.digest import Digest
from newsletter.domain.campaigns.notices import Channel
from newsletter.domain.campaigns.state import CampaignRules
from newsletter.domain.setting import Language, PublicUrl, Rule, not_empty, setting
from newsletter.domain.staff.account import GroupAddresses
from newsletter.domain.staff.role import DeskRules, Registration, Role
from newsletter.domain.statements import content
from newsletter.domain.statements.brand import Brand
from newsletter.domain.statements.counting import Counted
from newsletter.domain.statements.statement import Approvals
from newsletter.domain.subscribers.address import Address
from newsletter.domain.subscribers.lists import ListName, PublicList
from newsletter.domain.subscribers.segment import SegmentRule, check_segment_rule
from newsletter.domain.subscribers.signup import SignUpRules, SignUpSettings
from newsletter.domain.wording import invalid, say
from newsletter.providers.common.options import FilePath, ProviderOptions, option
from newsletter.providers.registry import OPTIONS


@dataclass(frozen=True, kw_only=True)
class MainSender(content.Sender):
    """The main sender: name, From and Reply-To."""

    unsubscribe_inbox: Address = setting(
        "An inbox for mail programs that unsubscribe by email, such as Apple Mail. Give each email"
        " in it to `newsletter subscribers receive-email`.",
        "unsubscribe@forum.example",
        default="",
    )


@dataclass(frozen=True, kw_only=True)
class ListSender(content.Sender):
    """The sender of statements to some lists, instead of `sender`."""

    lists: Annotated[
        tuple[ListName, ...],
        not_empty("names no list; write one, like [press], or delete this sender"),
    ] = setting("The sender's lists. A statement's first list decides.", ["press"])


@dataclass(frozen=True, kw_only=True)
class SignIn(Registration):
    """The desk's registration at the identity provider, with the client secret."""

    client_secret: SecretStr = setting("The desk's secret there.", "${OIDC_SECRET}")


@dataclass(frozen=True, kw_only=True)
class DeskSettings(DeskRules):
    """The desk, and where its staff sign in."""

    oidc: SignIn | None = setting(
        "Sign-in with accounts of your organization, by OpenID Connect.", default=None
    )
    test_groups: dict[str, GroupAddresses] = setting(
        "Groups of one to five addresses that get test emails, by name.",
        {"Newsroom": ["ana@forum.example", "editor@paper.example"]},
        default_factory=dict,
    )


class Metrics(fields.Section):
    """Access to the metrics."""

    token: SecretStr | None = option(
        "The token that monitoring sends as `Authorization: Bearer TOKEN`, at least 16"
        " characters. Without it there is no `/metrics`.",
        "${METRICS_TOKEN}",
        default=None,
        min_length=16,
    )


class BackupOptions(fields.Section):
    """The settings of `newsletter backup`."""

    folder: FilePath | None = option(
        "Their folder, on another disk than the database. It must exist.",
        "/srv/newsletter/backups",
        default=None,
    )
    keep: int = option("How many are kept.", 14, default=14, ge=1)


class Schedule(fields.Section):
    """The times and intervals of automatic work."""

    poll: fields.PauseDuration = option(
        "How often newsletter looks for new statements and due work.",
        "5s",
        default=timedelta(seconds=5),
    )
    undo_window: fields.TimeWindow = option(
        "The time after the last approval in which nothing is sent and you can undo it.",
        "5m",
        default=timedelta(minutes=5),
    )
    start: Literal["approval", "sender"] = option(
        "Who starts a statement: `approval`, the last approval that it needs, or `sender`, a"
        " sender who saw how many people get it. `sender` suits teams of three or more.",
        "approval",
        default="approval",
    )


_UNIQUE_NAMES = fields.unique(
    fields.own_name, say("two are called {names}; give each a name of its own")
)


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _without_settings(sender: content.Sender) -> content.Sender:
    """Return the sender as it is part of content, without the further settings of a subclass."""
    return content.Sender(name=sender.name, address=sender.address, reply_to=sender.reply_to)


class Settings(fields.Section):
    """All settings in ``newsletter.yaml``, as ``newsletter.config.loading.load`` reads them.

    The private attributes are no settings. They come from the context of the validation.
    """

    organisation: content.Organisation = option("The organization.")
    sender: MainSender = option("The From and Reply-To of each email.")
    senders: Annotated[
        tuple[ListSender, ...],
        fields.unique(
            lambda each: each.lists,
            say("names {names} more than once; one sender writes to a list"),
        ),
    ] = option("Other senders for some lists.", default=())
    brand: Brand = option("The look of emails and pages.", default=Brand())
    layout: content.Layout = option(
        "Parts around the text of each statement.", default=content.Layout()
    )
    utm: content.LinkParameters | None = option(
        "Parameters that links to your own site get, so that it can count visits from emails.",
        default=None,
    )
    count: tuple[Counted, ...] = option(
        "The numbers that emails collect, without telling who: `opens`, `clicks` or both. Links"
        " then lead through the public pages.",
        ["opens", "clicks"],
        default=(),
    )
    public_url: PublicUrl = option(
        "The address of the public pages, with which each link starts.",
        "https://news.forum.example",
    )
    timezone: fields.Zone = option(
        "The time zone of all dates and times that people read or write.", "America/New_York"
    )
    language: Language = option("The language of statements without one.", "en", default="en")
    default_lists: Annotated[
        tuple[ListName, ...],
        fields.unique(
            lambda name: (name,), say("names {names} more than once; write each list once")
        ),
    ] = option(
        "The lists of statements without lists. Without this setting they are refused.",
        ["press"],
        default=(),
    )
    lists: Annotated[
        tuple[PublicList, ...],
        fields.unique(fields.own_name, say("names {names} more than once; offer each list once")),
    ] = option(
        "The lists, in the order of the sign-up page. Without it: the default lists. An import"
        " can create others.",
        default=(),
    )
    signup: SignUpSettings = option("The sign-up form.", default=SignUpSettings())
    translations: Literal["by_reader", "together"] = option(
        "How translations are sent: `by_reader`, each subscriber gets their own language, or"
        " `together`, one email has all languages.",
        "by_reader",
        default="by_reader",
    )
    statements: Annotated[
        tuple[Annotated[AnySource, fields.ByKind(SOURCES)], ...], Rule(check_sources, depends=True)
    ] = option(
        "The sources of statements, each with its `kind`.",
        [{"kind": "folder", "path": "statements"}],
        default=(FolderOptions(kind="folder"),),
        json_schema_extra={"minItems": 1},
    )
    approvals: Approvals = option("The rules of approval.", default=Approvals())
    schedule: Schedule = option("The times of automatic work.", default=Schedule())
    desk: DeskSettings = option("The staff's pages.", default=DeskSettings())
    notices: Annotated[
        tuple[Annotated[ChannelOptions, fields.ByKind(CHANNELS)], ...], _UNIQUE_NAMES
    ] = option(
        "Channels of the team that hear of events, besides the emails to staff.",
        [{"kind": "slack", "name": "press-room", "url": "${SLACK_URL}"}],
        default=(),
    )
    digests: Annotated[tuple[Digest, ...], _UNIQUE_NAMES] = option(
        "Digest emails of a week or a month.", default=()
    )
    segments: Annotated[
        tuple[Annotated[SegmentRule, Rule(check_segment_rule)], ...], _UNIQUE_NAMES
    ] = option("Saved rules that pick subscribers of a list.", default=())
    provider: Annotated[ProviderOptions, fields.ByKind(OPTIONS)] = option(
        "The service that sends; its `kind` decides its other keys.",
        default_factory=lambda: OPTIONS["outbox"].model_validate({"kind": "outbox"}),
        json_schema_extra={"default": {"kind": "outbox"}},
    )
    fallback_provider: Annotated[ProviderOptions, fields.ByKind(OPTIONS)] | None = option(
        "A second provider of another kind, for batches that the first provably did not take."
        " Without it, they wait for the first.",
        default=None,
    )
    fail_over_after: fields.PauseDuration = option(
        "How long the first provider may fail before waiting batches go to the second. A"
        " refused configuration counts at once.",
        "10m",
        default=timedelta(minutes=10),
    )
    database: fields.DatabaseUrl = option(
        "The database: `sqlite:///` and a path, or `postgresql://` with a database on a"
        " PostgreSQL server.",
        "sqlite:///var/newsletter.db",
        default="sqlite:///var/newsletter.db",
    )
    database_password: SecretStr | None = option(
        "The password for a PostgreSQL server.", "${DATABASE_PASSWORD}", default=None
    )
    engine: Literal["local", "procrastinate"] = option(
        "Who sends: `local`, one process, or `procrastinate`, any number of processes on any"
        " number of machines, with a PostgreSQL database.",
        "procrastinate",
        default="local",
    )
    metrics: Metrics = option("Figures for monitoring, at `/metrics`.", default=Metrics())
    backups: BackupOptions = option("The files of `newsletter backup`.", default=BackupOptions())
    epoch_file: FilePath = option(
        "A file outside the database that detects a copied or restored database. On another"
        " disk it also detects that the database's whole disk was restored. Its folder must"
        " exist.",
        "var/epoch",
        default=Path("var/epoch"),
    )

    @field_validator("fallback_provider")
    @classmethod
    def _require_another_kind(
        cls, second: ProviderOptions | None, info: ValidationInfo
    ) -> ProviderOptions | None:
        if second is not None and type(second) is type(info.data.get("provider")):
            raise invalid("is of the same kind as provider; name another service, or delete it")
        return second

    @field_validator("engine")
    @classmethod
    def _require_server(cls, engine: str, info: ValidationInfo) -> str:
        if engine != "local" and not info.data.get("database", "postgresql:").startswith(
            "postgresql:"
        ):
            raise invalid("needs a PostgreSQL server; name one in 'database'")
        return engine

    @field_validator("desk")
    @classmethod
    def _require_sign_in(cls, desk: DeskSettings, info: ValidationInfo) -> DeskSettings:
        if desk.passwords is not Role.VIEWER and desk.oidc is None:
            raise invalid("takes passwords from some roles, who then cannot sign in; add 'oidc'")
        lists = [each.name for each in info.data.get("lists", ()) if each.approval]
        if lists and not desk.enabled:
            raise invalid(
                "is off, but staff decide there who joins {lists}; set 'enabled', or delete"
                " 'approval' of the list",
                lists=", ".join(lists),
            )
        return desk

    _context: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    """The context of the validation, from which the next properties are."""

    def model_post_init(self, context: Any, /) -> None:
        self._context = context or {}

    @property
    def workspace(self) -> Path:
        """Return the folder with ``newsletter.yaml`` and all state."""
        return Path(self._context.get("workspace", ""))

    @property
    def values_json(self) -> str:
        """Return the values in ``newsletter.yaml`` as JSON, with secrets."""
        return str(self._context.get("values", ""))

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """Return the files that keys such as ``api_key_file`` name."""
        return tuple(self._context.get("secrets", ()))

    @property
    def lines(self) -> Mapping[str, int]:
        """Return the line of each key in ``newsletter.yaml`` when it was loaded."""
        return dict(self._context.get("lines", {}))

    def resolve(self, path: Path) -> Path:
        """Return an absolute path. A relative one starts at the workspace."""
        return self.workspace / path

    @property
    def desk_url(self) -> str:
        return f"{self.desk.url or self.public_url}/desk"

    @property
    def shares_email(self) -> bool:
        """Return whether translations are in the email of their original."""
        return self.translations == "together"

    @property
    def statements_folder(self) -> Path:
        """Return the folder for new statements: the first source that is a folder."""
        folders = [one.path for one in self.statements if isinstance(one, FolderOptions)]
        return self.resolve(folders[0] if folders else Path("statements"))

    @property
    def providers(self) -> tuple[ProviderOptions, ...]:
        """Return the options of the first provider, and of the second if there is one."""
        second = self.fallback_provider
        return (self.provider,) if second is None else (self.provider, second)

    @property
    def db_password(self) -> str | None:
        secret = self.database_password
        return secret.get_secret_value() if secret else None

    @property
    def is_on_server(self) -> bool:
        return self.database.startswith("postgresql:")

    @property
    def shares_sending(self) -> bool:
        return self.engine != "local"

    @property
    def database_path(self) -> Path:
        """Return the database file. With a PostgreSQL server it only names the lock files."""
        if self.is_on_server:
            return self.resolve(Path("var/newsletter.db"))
        return self.resolve(Path(self.database.removeprefix("sqlite:///"))).resolve()

    @property
    def epoch_path(self) -> Path:
        return self.resolve(self.epoch_file).resolve()

    @property
    def lock_path(self) -> Path:
        """Return the path of the file lock against a second sending process."""
        return self.database_path.with_suffix(".lock")

    @property
    def in_use_path(self) -> Path:
        """Return the path of the file lock against replacing a database in use."""
        return self.database_path.with_suffix(".use")

    @property
    def from_addresses(self) -> tuple[str, ...]:
        """Return the address of each sender once, that of ``sender`` first."""
        return tuple(dict.fromkeys(sender.address for sender in (self.sender, *self.senders)))

    def publisher(self) -> content.Publisher:
        """Return the details of the organisation that emails and pages show."""
        return content.Publisher(
            organisation=self.organisation,
            sender=_without_settings(self.sender),
            public_url=self.public_url,
            timezone=self.timezone,
            brand=self.brand,
            layout=self.layout,
            utm=self.utm,
            counted=tuple(one for one in Counted if one in self.count),
            unsubscribe_inbox=self.sender.unsubscribe_inbox,
            senders=tuple(
                (name, _without_settings(sender))
                for sender in self.senders
                for name in sender.lists
            ),
            lists=tuple(
                content.ListTitle(
                    name=offer.name,
                    title=offer.title,
                    joinable=self.signup.enabled and offer in self.offers(),
                    theme=offer.theme,
                    archive=offer.archive,
                )
                for offer in self.titled_lists()
            ),
        )

    def delivery_settings_hash(self) -> str:
        """Return a hash of the provider settings that change messages; "" if none is set.

        The content hash covers it: the body of an ``http`` provider can contain any text.
        """
        values = [
            [getattr(options, "kind", ""), name, _as_text(getattr(options, name))]
            for options in self.providers
            for name in sorted(options.shaping)
            if getattr(options, name) != type(options).model_fields[name].default
        ]
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest() if values else ""

    def titled_lists(self) -> tuple[PublicList, ...]:
        """Return the lists with a title for readers, public or not."""
        return self.lists or tuple(PublicList(name=name) for name in self.default_lists)

    def titles_of(self, lists: Iterable[str]) -> list[str]:
        """Return the title of each list, or its name if it has no title."""
        titles = {one.name: one.title for one in self.titled_lists()}
        return [titles.get(name, name) for name in lists]

    def offers(self) -> tuple[PublicList, ...]:
        """Return the lists that readers may join by themselves, in the order of the form."""
        return tuple(each for each in self.titled_lists() if each.public)

    @property
    def closed_lists(self) -> frozenset[str]:
        """Return the names of the lists that people join only if staff admit them.

        A list that is public no more may be in a request of before.
        """
        lists = self.titled_lists()
        return frozenset(each.name for each in lists if each.approval or not each.public)

    def sign_up_rules(self) -> SignUpRules:
        """Return the rules of the sign-up form, with the list of throw-away email domains."""
        text = files("newsletter.config").joinpath("throwaway.txt").read_text("utf-8")
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return SignUpRules(
            **vars(self.signup),
            public_lists=self.offers() if self.signup.enabled else (),
            throw_away=frozenset(filter(None, lines)),
        )

    def channels(self) -> tuple[Channel, ...]:
        return tuple(options.channel() for options in self.notices)

    def campaign_rules(self) -> CampaignRules:
        """Return the rules that decide which statements are sent, and when."""
        return CampaignRules(
            policy=self.approvals,
            shares_email=self.shares_email,
            undo_window=self.schedule.undo_window,
            timezone=self.timezone,
            start=StartBy(self.schedule.start),
            typed_count=self.desk.typed_count,
        )
