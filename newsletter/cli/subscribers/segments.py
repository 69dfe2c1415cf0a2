"""``newsletter segment``: the saved rules, and the subscribers whom they pick."""

from itertools import islice
from typing import Any

import click

from newsletter.cli import shell
from newsletter.domain.errors import NotFound
from newsletter.domain.subscribers.audience import Audience
from newsletter.domain.subscribers.segment import Segment
from newsletter.runtime.services import Services
from newsletter.store.sql import Transaction

_MAX_ADDRESSES_SHOWN = 5


@click.group()
def segment() -> None:
    """Saved rules that pick subscribers of a list."""


@segment.command("list")
@shell.as_json
@shell.with_services
def list_segments(services: Services, as_json: bool) -> None:
    """Show all segments, and how many each picks now."""
    with services.store.read() as tx:
        rows = [_segment_row(tx, one) for one in services.subscribers.segments]
    if not rows and not as_json:
        shell.say("no segment is configured; docs/configuration.md says how, under 'segments'")
        return
    shell.print_rows(rows, ("name", "readers", "rule"), as_json=as_json)


@segment.command()
@click.argument("name")
@shell.as_json
@shell.with_services
def show(services: Services, name: str, as_json: bool) -> None:
    """Show whom a segment picks now: how many, and the first few of them.

    Only those who may be written to are counted.
    """
    with services.store.read() as tx:
        chosen = next((one for one in services.subscribers.segments if one.name == name), None)
        if chosen is None:
            raise NotFound(
                f"no segment {name!r} is configured; 'newsletter segment list' shows them"
            )
        row = _segment_row(tx, chosen)
        addresses = list(
            islice(tx.audiences.stream_addresses(_audience(chosen)), _MAX_ADDRESSES_SHOWN)
        )
    if as_json:
        shell.print_json(row | {"sample": addresses})
        return
    click.echo(f"{chosen}")
    click.echo(f"picks {row['readers']:,} of {row['on_list']:,} readers")
    for address in addresses:
        click.echo(f"  {address}")
    if row["readers"] > len(addresses):
        click.echo(f"  and {row['readers'] - len(addresses):,} more")


def _segment_row(tx: Transaction, segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "list": segment.list,
        "rule": segment.rule,
        "readers": tx.audiences.count(_audience(segment)),
        "on_list": tx.audiences.count(Audience(lists=(segment.list,))),
    }


def _audience(segment: Segment) -> Audience:
    return Audience(lists=(segment.list,), segment=segment)
