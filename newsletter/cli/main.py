"""The command ``newsletter``: what each failure means to a shell, and the list of commands."""

import logging
import sys
from collections.abc import Sequence

import click

from newsletter import __version__
from newsletter.cli import (
    archive,
    audit,
    campaigns,
    configuration,
    database,
    design,
    diagnosis,
    holding,
    preview,
    roundups,
    running,
    segments,
    sources,
    start,
    statements,
    subscribers,
    trial,
    users,
)
from newsletter.cli.shell import Shell
from newsletter.domain.errors import (
    Defect,
    InvalidInput,
    NewsletterError,
    ProviderUnreachable,
    Refused,
)

DONE, FAILED, USAGE, INVALID, REFUSED, NEEDS_A_PERSON, UNREACHABLE = range(7)
INTERRUPTED = 130

_EXIT_CODES: tuple[tuple[type[NewsletterError], int], ...] = (
    (InvalidInput, INVALID),
    (Refused, REFUSED),
    (ProviderUnreachable, UNREACHABLE),
    (NewsletterError, FAILED),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="newsletter")
@click.option("--workspace", metavar="DIR", help="The folder that holds newsletter.yaml.")
@click.option("--verbose", is_flag=True, help="Say more of what happens.")
@click.pass_context
def newsletter(context: click.Context, workspace: str | None, verbose: bool) -> None:
    """Carry approved statements to their readers' inboxes.

    \b
    Exit codes: 0 done · 1 failed · 2 usage · 3 configuration or input invalid ·
    4 refused · 5 finished, and something needs a person · 6 provider unreachable ·
    130 interrupted
    """
    context.obj = Shell(workspace=workspace)
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("newsletter").setLevel(level)


for command in (
    *start.COMMANDS,
    *preview.COMMANDS,
    *trial.COMMANDS,
    *design.COMMANDS,
    *diagnosis.COMMANDS,
    configuration.config,
    statements.statement,
    roundups.roundup,
    segments.segment,
    sources.source,
    *running.COMMANDS,
    campaigns.campaign,
    *campaigns.COMMANDS,
    *holding.COMMANDS,
    subscribers.subscribers,
    archive.archive,
    users.user,
    database.db,
    audit.audit,
):
    newsletter.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Nothing a person could meet shows a traceback."""
    try:
        code = newsletter.main(args=arguments, prog_name="newsletter", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except NewsletterError as error:
        return _explain(error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"newsletter: {place}{error.strerror or error}; mend that, then again", err=True)
        return FAILED
    except Exception as error:  # the last resort
        return _report_fault(error)
    return code if isinstance(code, int) else DONE


def _explain(error: NewsletterError) -> int:
    click.echo(f"newsletter: {error}", err=True)
    if isinstance(error, Defect):
        click.echo("This should not happen, so nothing more is sent.", err=True)
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))


def _report_fault(error: Exception) -> int:
    """A sentence; the details only for those who ask for them."""
    logging.getLogger("newsletter").debug("unexpected", exc_info=error)
    click.echo(
        f"newsletter: unexpected {type(error).__name__}: {error}\n"
        "This is a fault of the program; 'newsletter --verbose …' shows where.",
        err=True,
    )
    return FAILED


def entry_point() -> None:
    """What the installed command calls."""
    sys.exit(run())
