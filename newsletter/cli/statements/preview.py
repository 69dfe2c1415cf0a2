"""``preview`` and ``send``: a statement tried out: as files, as a dry run, as one test email."""

import base64
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import click

from newsletter.cli.shell import (
    Shell,
    as_json,
    in_workspace,
    print_json,
    say,
    statement_slug,
    wall_time,
    with_services,
)
from newsletter.cli.statements.screenshots import BrowserFailed, Sitting, started, take
from newsletter.domain.delivery.batch import Verdict
from newsletter.domain.delivery.mime import to_mime
from newsletter.domain.errors import NewsletterError, ProviderUnreachable, Refused
from newsletter.domain.statements.content import Content
from newsletter.pipeline.campaigns.headcount import dry_run as count_readers
from newsletter.pipeline.campaigns.headcount import lines_of
from newsletter.pipeline.campaigns.trial import Sample, filled, sample
from newsletter.pipeline.ledger import find_statement
from newsletter.pipeline.statements.review import review
from newsletter.rendering import preview as views
from newsletter.rendering.preview import MARK, Facts, contact_sheet, sheet_of_pictures
from newsletter.runtime.services import Services
from newsletter.runtime.statements import Statements

MAIL = ("message.html", "message.txt", "message.eml")
VIEWS = ("light.html", "dark.html", "no-images.html", "no-styles.html", "text.html")
SCREENSHOTS = ("light.png", "dark.png", "phone-light.png", "phone-dark.png", "no-images.png")
COMBINED = "contact-sheet.png"
SHEET = "index.html"

_ALL = (*MAIL, SHEET, *VIEWS, *SCREENSHOTS, COMBINED)
_HEAD = 4096


class Folder:
    """A folder to fill. Files of other names in it are left alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: set[str] = set()

    @property
    def written(self) -> tuple[str, ...]:
        """The names of the files, the email itself first."""
        return tuple(name for name in _ALL if name in self._written)

    def claim(self) -> None:
        """Make the folder, and take away what an earlier preview left and this one may not write.

        Raises Refused where a file that is in the way was not written by a preview.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        present = [
            name
            for name in _ALL
            if name not in MAIL and ((self.path / name).exists() or (self.path / name).is_symlink())
        ]
        if present and not self._is_ours():
            raise Refused(
                f"{self.path / present[0]} was not written by a preview;"
                " nothing was replaced: name another folder with --out"
            )
        for name in (*SCREENSHOTS, COMBINED):
            (self.path / name).unlink(missing_ok=True)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files of ours."""
        for name, data in files.items():
            (self.path / name).write_bytes(data)
            self._written.add(name)

    def _is_ours(self) -> bool:
        try:
            with (self.path / SHEET).open("rb") as opened:
                return MARK.encode() in opened.read(_HEAD)
        except OSError:
            return False


_PICTURE_WIDTH = 2704


@click.command()
@click.argument("slug")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to fill.")
@click.option("--as", "address", metavar="EMAIL", help="As this subscriber gets it.")
@click.option("--with-images", is_flag=True, help="Fetch the mail's pictures from the web.")
@click.option(
    "--browser",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The Chromium or Chrome that takes the screenshots.",
)
@click.option("--no-screenshots", is_flag=True, help="Leave the screenshots out.")
@click.option("--open", "show", is_flag=True, help="Open index.html in your browser.")
@in_workspace
def preview(
    shell: Shell,
    slug: str,
    out: Path,
    address: str | None,
    with_images: bool,
    browser: Path | None,
    no_screenshots: bool,
    show: bool,
) -> None:
    """Show an email as its subscribers would get it.

    Makes message.html, message.txt and message.eml, for a made-up reader or for a real one, and
    index.html, which shows the mail light, dark, on a telephone, without pictures, without style
    sheets and as plain text. Where Chromium and Playwright are installed, screenshots too.
    """
    with shell.services() as services:
        services.statements.refresh()
        slug = statement_slug(services.store, slug)
        seen = sample(
            slug,
            address=address,
            store=services.store,
            links=services.links,
            rules=services.campaigns.rules,
        )
        message = to_mime(
            content=seen.content, recipient=seen.recipient, at=services.store.clock.now()
        )
        made = filled(seen.content, seen.recipient)
        facts = _facts(
            services.statements, seen, slug, real=address is not None, fetched=with_images
        )
    folder = Folder(out)
    folder.claim()
    _fill(folder, facts, made, message)
    if not no_screenshots:
        _photograph(folder, facts, made, browser)
    for name in folder.written:
        click.echo(str(out / name))
    if show:
        sheet = out / SHEET
        if not sys.stdout.isatty():
            say(f"--open works on a terminal only; open {sheet}")
        elif not webbrowser.open(sheet.resolve().as_uri()):
            say(f"no browser could be started; open {sheet}")


def _facts(statements: Statements, seen: Sample, slug: str, *, real: bool, fetched: bool) -> Facts:
    made = filled(seen.content, seen.recipient)
    with statements.store.read() as tx:
        stored = find_statement(tx, slug)
        [reviewed] = review(tx, [stored], statements.review_rules)
    return Facts(
        slug=slug,
        sender=made.sender.name,
        sender_address=made.sender.address,
        reply_to=made.sender.reply_to,
        to=seen.recipient.address,
        made_up=not real,
        subject=made.subject,
        inbox_line=views.inbox_line(made.html),
        lists=made.lists,
        corrects=made.corrects,
        language=made.language,
        send_at=_readable(made.send_at),
        embargo_until=_readable(made.embargo_until),
        made=wall_time(
            statements.store.clock.now().replace(second=0), statements.settings.timezone
        ),
        content_hash=seen.content.content_hash(),
        approved=seen.approval.approved,
        approved_by=tuple(approval.by for approval in seen.approval.counted),
        reasons=seen.approval.reasons,
        size=len(made.html.encode()),
        picture_hosts=views.picture_hosts(made.html),
        fetched=fetched,
        remarks=reviewed.remarks,
    )


def _readable(iso: str) -> str:
    """A wall time as people write it."""
    return datetime.fromisoformat(iso).isoformat(" ", "minutes") if iso else ""


def _fill(folder: Folder, facts: Facts, made: Content, message: bytes) -> None:
    fetch = facts.fetched
    pages = (
        views.light(made.html, fetch=fetch),
        views.dark(made.html, fetch=fetch),
        views.without_images(made.html),
        views.without_styles(made.html, fetch=fetch),
        views.plain(made.text, title=made.subject, language=made.language),
    )
    mail = (made.html.encode(), made.text.encode(), message)
    # the sheet first: by it the folder is known as ours, also when a disk is full half way
    folder.write({SHEET: contact_sheet(facts, ()).encode()})
    folder.write(dict(zip(MAIL, mail, strict=True)))
    folder.write({name: page.encode() for name, page in zip(VIEWS, pages, strict=True)})


def _photograph(folder: Folder, facts: Facts, made: Content, named: Path | None) -> None:
    """Add screenshots, and the sheet that shows them. Without a browser it stays as it is."""
    hosts = facts.picture_hosts if facts.fetched else ()
    try:
        with started(named, hosts=hosts) as browser:
            taken = list(take(browser, _sittings(made, fetch=facts.fetched)))
            # pictures inside the page: a page that Chromium is given has no folder to look in
            within = [
                replace(shot, data=f"data:image/png;base64,{base64.b64encode(png).decode()}")
                for shot, png in taken
            ]
            page = sheet_of_pictures(facts, within)
            whole = Sitting(
                name=COMBINED, title="all views", html=page, width=_PICTURE_WIDTH, sharpness=1.0
            )
            [(_, combined)] = take(browser, [whole])
    except BrowserFailed as error:
        say(f"no screenshots were taken: {error}")
        return
    shots = [shot for shot, _ in taken]
    for address in dict.fromkeys(one for shot in shots for one in shot.missing):
        say(f"the picture {address} did not come; the screenshots are without it")
    folder.write({shot.file: png for shot, png in taken} | {COMBINED: combined})
    folder.write({SHEET: contact_sheet(facts, shots, combined=COMBINED).encode()})


def _sittings(made: Content, *, fetch: bool) -> Iterator[Sitting]:
    light, dark = (view(made.html, fetch=fetch) for view in (views.light, views.dark))
    yield Sitting(name="light", title="Light", html=light, width=700)
    yield Sitting(name="dark", title="Dark", html=dark, width=700, dark=True)
    yield Sitting(name="phone-light", title="Phone, light", html=light, width=375)
    yield Sitting(name="phone-dark", title="Phone, dark", html=dark, width=375, dark=True)
    bare = views.without_images(made.html)
    yield Sitting(name="no-images", title="Images off", html=bare, width=700)


@click.command()
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Who would get it and who would not, and why.")
@click.option("--to", metavar="EMAIL", help="Send one test mail there.")
@as_json
@with_services
def send(services: Services, slug: str, dry_run: bool, to: str | None, as_json: bool) -> None:
    """Try a statement: a dry run, or one test email.

    It goes to its readers by approval and 'newsletter run' alone.
    """
    if dry_run == (to is not None):
        raise click.UsageError(
            "say --dry-run or --to EMAIL; a statement goes out once it is approved,"
            " by 'newsletter run'"
        )
    services.statements.refresh()
    slug = statement_slug(services.store, slug)
    if to is None:
        _show_dry_run(services, slug, as_json)
    else:
        _send_test(services, slug, to)


def _show_dry_run(services: Services, slug: str, as_json: bool) -> None:
    dry = count_readers(slug, store=services.store, rules=services.campaigns.rules)
    if as_json:
        excluded = [{"address": address, "reason": why} for address, why in dry.excluded]
        elsewhere = [{"address": address, "reason": why} for address, why in dry.elsewhere]
        hours = [{"at": at.isoformat(), "readers": readers} for at, readers in dry.hours]
        listed = {"excluded": excluded, "elsewhere": elsewhere, "hours": hours}
        print_json(asdict(dry) | listed)
    else:
        for line in lines_of(dry, zone=services.settings.timezone):
            click.echo(line)


def _send_test(services: Services, slug: str, to: str) -> None:
    outcome = services.delivery.trial_sender().send(slug, to=to).outcome
    if outcome.verdict is Verdict.ACCEPTED:
        say(f"the provider accepted the test mail to {to}")
        return
    answer = f"{outcome.verdict.value}: {outcome.reason}"
    if outcome.verdict in {Verdict.RETRY, Verdict.QUOTA, Verdict.LATE}:
        raise ProviderUnreachable(f"the test email was not sent: {answer}")
    if outcome.verdict is Verdict.UNKNOWN:
        raise NewsletterError(f"the provider may have taken the test email or not: {answer}")
    raise Refused(f"the provider refused the test mail: {answer}")
