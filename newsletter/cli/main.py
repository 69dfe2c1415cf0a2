"""The command ``newsletter``: its list of commands, and the exit code of each failure.

A command's module is imported when it runs: help and completion then take a fraction of the time.
"""

import gc
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from newsletter import __version__
from newsletter.config import disable_plugins
from newsletter.domain import errors
from newsletter.imports import import_name
from newsletter.runtime import log_lines

EXIT_DONE, EXIT_FAILED, EXIT_INVALID, EXIT_REFUSED, EXIT_UNREACHABLE = 0, 1, 3, 4, 6
EXIT_INTERRUPTED = 130
_REQUEST_THREAD_NAME = "AnyIO worker thread"
"""Prefix of the names of threads that answer requests."""

_EXIT_CODES: tuple[tuple[type[errors.NewsletterError], int], ...] = (
    (errors.InvalidInput, EXIT_INVALID),
    (errors.Refused, EXIT_REFUSED),
    (errors.ProviderUnreachable, EXIT_UNREACHABLE),
    (errors.NewsletterError, EXIT_FAILED),
)


class LazyCommand(click.Command):
    """A placeholder for a command in lists, help and completion until it runs."""

    def __init__(self, name: str, *, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.path = module
        """Module and attribute, such as ``newsletter.cli.statements.preview:send``."""


class LazyGroup(click.Group):
    """A group that imports a command when the command runs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, arguments = super().resolve_command(ctx, args)
        return name, load_command(command), arguments


def load_command(command: Any) -> Any:
    """Return a command, which is imported if it is a placeholder."""
    if not isinstance(command, LazyCommand):
        return command
    gc.disable()  # imported modules stay, and collecting among them takes a tenth of the time
    try:
        return import_name(command.path)
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="newsletter")
@click.option("--workspace", metavar="DIR", help="The folder that holds newsletter.yaml.")
@click.option("--verbose", is_flag=True, help="Log more details.")
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="NEWSLETTER_LOG",
    help="The form of the log.",
)
@click.pass_context
def newsletter(context: click.Context, workspace: str | None, verbose: bool, log: str) -> None:
    """Send approved statements to their subscribers.

    \b
    Exit codes: 0 done · 1 failed · 2 usage · 3 configuration or input invalid ·
    4 refused · 5 finished, and something needs a person · 6 provider unreachable ·
    130 interrupted
    """
    context.obj = workspace
    log_lines.set_up(logging.DEBUG if verbose else logging.INFO, as_json=log == "json")


for _name, _module, _summary in (
    ("init", "workspace.setup", "Create a workspace: settings, a statement, subscribers."),
    ("demo", "workspace.demo", "Try newsletter with made-up data; it sends nothing."),
    ("preview", "statements.preview", "Show an email as its subscribers would get it."),
    ("send", "statements.preview", "Try a statement: a dry run, or one test email."),
    ("doctor", "workspace.setup", "Check the workspace, the provider and the domain."),
    ("config", "workspace.setup", "Show and check newsletter.yaml."),
    ("statement", "statements.statements", "Write, check, approve and schedule statements."),
    ("digest", "campaigns.digests", "Digest emails of a week or a month."),
    ("segment", "subscribers.subscribers", "Saved rules that pick subscribers of a list."),
    ("source", "statements.sources", "Show sources, and visit feeds."),
    ("run", "delivery", "Send due statements, and serve the pages."),
    ("worker", "delivery", "Send due statements, without serving pages."),
    ("scheduler", "delivery", "Do all but sending batches, with 'engine: procrastinate'."),
    ("serve", "delivery", "Serve only the pages."),
    ("healthcheck", "delivery", "Ask whether the service here would send what is due."),
    ("campaign", "campaigns.campaigns", "List campaigns, and send again what did not arrive."),
    ("report", "campaigns.campaigns", "Show a campaign's figures, and whom it did not reach."),
    ("pause", "campaigns.campaigns", "Pause a campaign after its open calls."),
    ("resume", "campaigns.campaigns", "Resume a paused campaign."),
    ("cancel", "campaigns.campaigns", "Cancel a campaign; sent messages stay sent."),
    ("resolve", "campaigns.campaigns", "Decide the outcome of unknown deliveries."),
    ("stop", "delivery", "Stop all sending, until it is resumed."),
    ("resume-sending", "delivery", "Resume all sending after 'newsletter stop'."),
    ("subscribers", "subscribers.subscribers", "Import, export, show, suppress or forget people."),
    ("user", "staff", "Invite, add and list the staff."),
    ("backup", "workspace.database", "Write a backup, rehearse it, and remove the oldest."),
    ("db", "workspace.database", "Back up, restore and copy the database."),
    ("audit", "staff", "Show the audit log, and verify that it was not changed."),
):
    _path = f"newsletter.cli.{_module}:{_name.replace('-', '_')}"
    newsletter.add_command(LazyCommand(_name, module=_path, summary=_summary))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Expected errors print a sentence, no traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        for word in arguments:
            if word != word.encode(errors="replace").decode():
                raise click.UsageError(f"{word!r} is not UTF-8; correct it, or rename the file")
        code = newsletter.main(args=arguments, prog_name="newsletter", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        name = error.option_name if isinstance(error, click.NoSuchOption) else ""
        if name and any(name in option.opts for option in newsletter.params):
            message = f"{name} stands before the command: newsletter {name} … COMMAND"
            error = click.UsageError(message)
        error.show()
        return error.exit_code
    except errors.NewsletterError as error:
        _print_error(f"newsletter: {error}")
        if isinstance(error, errors.Defect):
            _print_error(
                "This should not happen; 'newsletter stop' stops all sending until it is explained."
            )
        return next(code for error_class, code in _EXIT_CODES if isinstance(error, error_class))
    except OSError as error:
        _print_system_error(error)
        return EXIT_FAILED
    except Exception as error:  # the last resort
        logging.getLogger("newsletter").debug("unexpected", exc_info=error)
        _print_error(
            f"newsletter: unexpected {type(error).__name__}: {error}\n"
            "This is a fault of the program; 'newsletter --verbose …' shows where."
        )
        return EXIT_FAILED
    return code if isinstance(code, int) else EXIT_DONE


def _print_system_error(error: OSError) -> None:
    if error.filename == _OUTPUT_NAME:  # else Python tries again to write, and exits with 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    place = f"{error.filename}: " if error.filename else ""
    advice = "check its owner, its rights and the disk, then try again"
    _print_error(f"newsletter: {place}{error.strerror or error}; {advice}")


def _print_error(message: str) -> None:
    if not log_lines.log_sentence(message, logging.ERROR):
        click.echo(message, err=True)


_OUTPUT_NAME = "standard output"


class _NamedOutput(io.FileIO):
    """Standard output, whose errors name it. The system gives them no name."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = _OUTPUT_NAME
            raise


def entry_point() -> None:
    """Run the command line of the process, and exit with its code."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed: else a file of ours gets its descriptor
            stream = open(os.devnull, mode)  # noqa: SIM115, PTH123 - until the process ends
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    output, raw = sys.stdout, _NamedOutput(sys.stdout.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), output.encoding, output.errors, line_buffering=output.isatty()
    )
    disable_plugins()
    exit_process(run())


def exit_process(code: int) -> NoReturn:
    """Exit the process, even if a thread still works on an interrupted request."""
    deadline = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith(_REQUEST_THREAD_NAME):
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
    sys.exit(code)
