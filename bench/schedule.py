"""How long a campaign takes, and what holds it up: arithmetic over measured figures.

``python -m bench.schedule`` prints the table of docs/scaling.md. The figures come from
``python -m bench.hosts``: microseconds of CPU a message, of the senders and of PostgreSQL.
"""

import argparse
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Costs:
    """CPU a message in microseconds, and the time until a provider answers in seconds."""

    sender: float
    server: float
    latency: float


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Machines, and what the contract with the provider allows in messages a second."""

    readers: int
    hosts: int
    cores: int
    """Of each host; the database has as many."""
    connections: int
    """Of each host, with batches of ``batch``."""
    batch: int
    contract: int


def limits(setup: Setup, costs: Costs) -> dict[str, float]:
    """Return the messages a second that each part allows."""
    shared = 0.0 if setup.hosts > 1 else costs.server
    return {
        "the provider's contract": setup.contract,
        "connections": setup.hosts * setup.connections * setup.batch / costs.latency,
        "CPU of the senders": setup.hosts * setup.cores * 1e6 / (costs.sender + shared),
        "the database": setup.cores * 1e6 / costs.server,
    }


SETUPS = [
    Setup(readers=readers, hosts=hosts, cores=cores, connections=16, batch=100, contract=contract)
    for readers, hosts, cores, contract in [
        (10_000, 1, 2, 14),
        (100_000, 1, 2, 100),
        (1_000_000, 1, 2, 1_000),
        (10_000_000, 2, 4, 10_000),
        (100_000_000, 4, 8, 100_000),
        (100_000_000, 16, 16, 1_000_000),
    ]
]


def main() -> None:
    """Print a row for each setup."""
    parser = argparse.ArgumentParser(prog="python -m bench.schedule", description=__doc__)
    parser.add_argument("--sender", type=float, required=True, help="microseconds a message")
    parser.add_argument("--server", type=float, required=True, help="microseconds a message")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds a call")
    costs = Costs(**vars(parser.parse_args()))
    print("| readers | hosts × cores | provider, a second | takes | is held up by | next limit |")
    print("|--:|--:|--:|--:|---|---|")
    for setup in SETUPS:
        (first, rate), (second, higher), *_ = sorted(
            limits(setup, costs).items(), key=lambda limit: limit[1]
        )
        print(
            f"| {setup.readers:,} | {setup.hosts} × {setup.cores} | {setup.contract:,}"
            f" | {timedelta(seconds=round(setup.readers / rate))} | {first}"
            f" | {second}, {higher:,.0f} a second |"
        )


if __name__ == "__main__":
    main()
