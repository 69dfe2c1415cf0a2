"""``subscribers form``: the form that an organisation puts on its own site."""

import click

from newsletter.cli.shell import Shell, in_workspace
from newsletter.domain.errors import NotFound, Refused


@click.command()
@click.option(
    "--list",
    "lists",
    metavar="NAME",
    multiple=True,
    help="What the form offers; may be given several times. Default: all that can be joined.",
)
@click.option("--language", metavar="CODE", help="Its language. Default: that of the workspace.")
@in_workspace
def form(shell: Shell, lists: tuple[str, ...], language: str | None) -> None:
    """Print a form to sign up by, for a page of your own site.

    Plain HTML without script or styles. It posts to our page, which sends the letter to confirm
    by. The words of consent in it are kept, as what people who use it were shown.
    """
    from newsletter.web.http.frame import Frame
    from newsletter.web.public.subscribers.sign_up import Offering

    with shell.services() as services:
        settings = services.settings
        offering = Offering(settings, Frame(house=settings.house(), language=settings.language))
        offers = offering.rules.offered(lists)
        if not offering.rules.offers:
            raise Refused("nobody can join: set lists or default_lists, and signup.enabled")
        strange = sorted(set(lists) - {one.name for one in offers})
        if strange:
            raise NotFound(f"no list {', '.join(strange)} is offered; lists in the file says which")
        chosen = language or settings.language
        shown = offering.words(chosen, offers)
        with services.store.begin() as tx:
            tx.consents.keep_words(shown.words, shown.language, services.clock.now())
    click.echo(offering.html(chosen, offers), nl=False)
