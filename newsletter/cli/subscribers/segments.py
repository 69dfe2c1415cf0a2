"""``newsletter segment``: the saved rules, and the subscribers whom they pick."""

import click

from newsletter.cli import shell
from newsletter.domain.subscribers.audience import Audience
from newsletter.runtime.services import Services


@click.group()
def segment() -> None:
    """Saved rules that pick subscribers of a list."""


@segment.command("list")
@shell.as_json
@shell.with_services
def list_segments(services: Services, as_json: bool) -> None:
    """Show all segments, and how many each picks now."""
    with services.store.read() as tx:
        rows = [
            {
                "name": one.name,
                "list": one.list,
                "rule": one.rule,
                "readers": tx.audiences.count(Audience(lists=(one.list,), segment=one)),
                "on_list": tx.audiences.count(Audience(lists=(one.list,))),
            }
            for one in services.subscribers.segments
        ]
    if not rows and not as_json:
        shell.say("no segment is configured; docs/configuration.md says how, under 'segments'")
        return
    shell.print_rows(rows, ("name", "readers", "rule"), as_json=as_json)
