"""Several processes that share the sending, each as on a machine of its own."""

import random
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest
import yaml

from newsletter.domain.delivery.worker import DEAD_AFTER, HEARTBEAT_INTERVAL
from newsletter.runtime.clock import SystemClock
from tests.acceptance.launching import command, from_scratch, preloaded
from tests.acceptance.mailgun import PacedMailgun
from tests.acceptance.workspace import ADMIN, ROOT, Running, Workspace, readers, wait_until
from tests.postgresql import PASSWORD, Server, primary_and_replica
from tests.relay import Relay

pytestmark = pytest.mark.slow("starts the program several times, and a server of its own")
PEOPLE = readers(1200)
LONG, LEASE = 17.0, 65.0
"""Seconds, longer than a process may be silent, and than the lease of a claim with its call."""


class Hosts:
    """Machines with the same settings and keys, over one database."""

    def __init__(self, first: Workspace) -> None:
        self.first = first
        self.all = [first]

    def add(self, **settings: Any) -> Workspace:
        """Copy the workspace to another machine."""
        folder = self.first.folder.with_name(f"host{len(self.all)}")
        copytree(self.first.folder, folder)
        self.all.append(Workspace(folder=folder))
        self.all[-1].configure(**settings)
        return self.all[-1]

    def close(self) -> None:
        for host in self.all:
            host.close()


def created(folder: Path, server: Server, name: str) -> Hosts:
    server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.run(f"CREATE DATABASE {name}")
    first = Workspace.create(folder / "host0", database=server.url(name), engine="procrastinate")
    first.hire()
    return Hosts(first)


@pytest.fixture
def hosts(postgresql: Server, worker_id: str, tmp_path: Path) -> Iterator[Hosts]:
    with closing(created(tmp_path, postgresql, f"hosts_{worker_id}")) as hosts:
        yield hosts


def prepared(hosts: Hosts, people: list[str], mailgun: PacedMailgun, **options: Any) -> None:
    hosts.first.use_mailgun(mailgun.url, **options)
    hosts.first.subscribe(people)
    hosts.first.write_and_approve("news")


def start_worker(host: Workspace) -> Running:
    return host.start("--verbose", "worker")


def test_workers_on_several_machines_reach_everybody_once(
    hosts: Hosts, mailgun: PacedMailgun
) -> None:
    people = readers(300)
    prepared(hosts, people, mailgun, batch_size=5, concurrency=2)
    mailgun.delay = 0.3  # longer than a worker may take to find work
    workers = [start_worker(hosts.add()) for _ in range(3)]
    at_work = lambda: re.findall(r"worker-\d+ on", hosts.first.do("doctor", code=3).stdout)  # noqa: E731
    wait_until(lambda: len(at_work()) == len(workers))
    scheduler = hosts.first.start("scheduler")
    scheduler.wait_for("started news")
    report = wait_until(
        lambda: (found := hosts.first.report("news"))["state"] == "sent" and found,
        describe=lambda: scheduler.said() + "".join(one.said() for one in workers),
    )
    assert (report["accepted"], report["unknown"]) == (len(people), 0)
    assert mailgun.counted() == dict.fromkeys(people, 1)
    shares = [one.said().count("attempt=") for one in workers]
    assert sum(shares) == 60
    assert min(shares) > 0, shares  # how many is up to the machine
    for one in (*workers, scheduler):
        one.stop()
    for one in (*workers, scheduler):
        assert one.finish().code == 0


def test_the_scheduler_wakes_the_workers_when_a_campaign_starts(
    hosts: Hosts, mailgun: PacedMailgun, postgresql: Server, worker_id: str
) -> None:
    prepared(hosts, readers(5), mailgun)
    with psycopg.connect(postgresql.url(f"hosts_{worker_id}"), autocommit=True) as db:
        db.execute(
            "INSERT INTO worker (name, host, role, slots, started_at, beat_at)"
            " VALUES ('worker-0', 'elsewhere', 'worker', 2, 0, 4e12)"
        )
        scheduler = hosts.first.start("scheduler")
        wakeups = "SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = 'look'"
        scheduler.wait_for("started news")
        wait_until(lambda: len(db.execute(wakeups).fetchall()) == 2, describe=scheduler.said)


def has_asked(server: Server, database: str) -> bool:
    """Return whether a process with other connections has asked the server for its time or news."""
    query = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND state = 'idle'"
        " AND query ~ '^SELECT .*(clock_timestamp|pg_current_snapshot)'"
        " AND state_change > backend_start + interval '2 seconds'"
    )
    with psycopg.connect(server.url(database)) as db:
        return bool(db.execute(query, [database]).fetchall())


@pytest.mark.parametrize("name", ["worker", "serve", "run"])
@pytest.mark.faults(seconds=60)
def test_a_process_whose_connections_fall_silent_ends_and_is_started_again(
    hosts: Hosts, postgresql: Server, worker_id: str, name: str
) -> None:
    with closing(Relay(postgresql.port)) as line:
        far = postgresql.tcp_url(f"hosts_{worker_id}").replace(
            f":{postgresql.port}/", f":{line.port}/"
        )
        engine = "local" if name == "run" else "procrastinate"
        host = hosts.add(database=far, database_password=PASSWORD, engine=engine)
        process = host.start(name, "--port", "0")
        wait_until(lambda: has_asked(postgresql, f"hosts_{worker_id}"), describe=process.said)
        line.cut()
        assert process.finish().code == 1
        assert "no answer for 45 seconds from the database" in process.said()


class Cluster:
    """Three workers and two schedulers, each with a line of its own to the database.

    The clocks of a worker and of a scheduler are two minutes apart. A replica has all commits.
    """

    def __init__(
        self, hosts: Hosts, servers: tuple[Server, Server], provider: Relay, clock: Path
    ) -> None:
        self.hosts, self.provider = hosts, provider
        self.server, self.replica = servers
        self.lines = [Relay(self.server.port) for _ in range(6)]
        self.machines = [hosts.add(**at(line)) for line in self.lines[1:]]
        hosts.first.configure(**at(self.lines[0]))
        for machine, ahead in ((self.machines[0], 60), (self.machines[3], -60)):
            machine.environment = {"LD_PRELOAD": str(clock), "CLOCK_AHEAD": str(ahead)}
        self.running = {place: self.start(place) for place in (3, 4)}
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.done: list[str] = []

    def start(self, place: int) -> Running:
        part, machine = "worker" if place < 3 else "scheduler", self.machines[place]
        program = from_scratch if machine.environment else command
        return machine.start("--verbose", part, program=program)

    def start_workers(self) -> None:
        self.running |= {place: self.start(place) for place in range(3)}

    def said(self) -> str:
        return f"{self.done}\n" + "\n".join(each.said()[-3000:] for each in self.running.values())

    def keep_up(self) -> None:
        """Restart every process that ended, as a service manager does; end faults in time."""
        for end in [end for end in self.later if end[0] <= time.monotonic()]:
            self.later.remove(end)
            end[1]()
        for place, one in self.running.items():
            if one.is_ended():
                assert "Traceback" not in one.said(), one.said()
                self.running[place] = self.start(place)

    def end_in(self, seconds: float, end: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, end))

    def is_mended(self) -> bool:
        self.keep_up()
        return not self.later

    def kill_a_worker(self, chance: random.Random) -> None:
        self.running[chance.randrange(3)].kill()

    def stop_a_worker(self, chance: random.Random) -> None:
        one = self.running[chance.randrange(3)]
        one.stop(signal.SIGSTOP)
        self.end_in(chance.choice([LONG, LEASE]), lambda: one.stop(signal.SIGCONT))

    def cut_off_from_the_database(self, chance: random.Random) -> None:
        line = chance.choice(self.lines[1:])
        line.cut()
        self.end_in(chance.choice([2.0, LONG]), line.mend)

    def lose_the_answers_of_the_database(self, chance: random.Random) -> None:
        """It commits, and its answer is lost."""
        line = chance.choice(self.lines[1:])
        line.lose_answers()
        self.end_in(chance.uniform(0.3, 1.5), line.hang_up)

    def cut_off_from_the_provider(self, chance: random.Random) -> None:
        self.provider.cut()
        self.end_in(chance.uniform(0.5, 2), self.provider.mend)

    def kill_a_scheduler(self, chance: random.Random) -> None:
        self.running[chance.choice([3, 4])].kill()

    def restart_the_database(self, chance: random.Random) -> None:
        self.server.restart(mode=chance.choice(["fast", "immediate"]))

    def end_sessions_in_a_transaction(self, _: random.Random) -> None:
        """The processes live on, and so do their other sessions."""
        query = (
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE state = 'idle in transaction' AND query !~* 'procrastinate'"
        )
        with psycopg.connect(self.server.url("forum"), autocommit=True) as db:
            ended, until = 0, time.monotonic() + 5
            while ended < 5 and time.monotonic() < until:
                ended += db.execute(query).fetchall()[0][0]

    def fail_over(self, chance: random.Random) -> None:
        self.server.stop()
        self.server = self.replica
        self.server.take_over()
        for line in self.lines:
            line.lead_to(self.server.port)

    def close(self) -> None:
        for one in self.running.values():
            if not one.is_ended():
                one.stop(signal.SIGCONT)
        self.hosts.close()
        for line in (*self.lines, self.provider):
            line.close()


FAULTS: list[Callable[[Cluster, random.Random], None]] = [
    Cluster.kill_a_worker,
    Cluster.stop_a_worker,
    Cluster.cut_off_from_the_database,
    Cluster.lose_the_answers_of_the_database,
    Cluster.cut_off_from_the_provider,
    Cluster.kill_a_scheduler,
    Cluster.restart_the_database,
    Cluster.end_sessions_in_a_transaction,
]

QUOTA = 1000
PACE: dict[str, Any] = {"batch_size": 5, "concurrency": 2, "timeout": "1s", "settle": "4s"}


def at(line: Relay) -> dict[str, str]:
    """The settings of a machine whose database is at the end of a line."""
    return {
        "database": f"postgresql://newsletter@127.0.0.1:{line.port}/forum",
        "database_password": PASSWORD,
    }


@pytest.fixture
def rounds(thorough: bool) -> int:
    """Return how often each fault happens."""
    return 3 if thorough else 1


@pytest.fixture
def people(rounds: int) -> list[str]:
    return readers(1200 * rounds)


@pytest.fixture
def pace() -> dict[str, Any]:
    return PACE


@pytest.fixture
def cluster(
    tmp_path: Path, mailgun: PacedMailgun, people: list[str], pace: dict[str, Any]
) -> Iterator[Cluster]:
    clock = preloaded("clock.c", tmp_path)
    with primary_and_replica(tmp_path, waits=True) as (primary, replica, _):
        hosts = created(tmp_path, primary, "forum")
        provider = Relay(int(mailgun.url.rpartition(":")[2]))
        url = mailgun.url.replace(mailgun.url.rpartition(":")[2], str(provider.port))
        # no day of a quota ends in the midst of a test
        zone = "UTC" if 4 <= SystemClock().now().hour < 20 else "Asia/Tokyo"
        hosts.first.configure(timezone=zone)
        hosts.first.use_mailgun(url, **pace)
        # before the copies: each scheduler looks into the folder of its own machine
        hosts.first.subscribe(people)
        hosts.first.write_and_approve("news")
        mailgun.delay = 0.5
        with closing(Cluster(hosts, (primary, replica), provider, clock)) as cluster:
            yield cluster


def on_its_way(cluster: Cluster, left: list[str]) -> None:
    """A campaign is started, some leave, and only then the workers begin."""
    wait_until(
        lambda: any("started news" in each.said() for each in cluster.running.values()),
        120,
        cluster.said,
    )
    leave(cluster, left)
    cluster.start_workers()


def leave(cluster: Cluster, people: list[str]) -> None:
    for address in people:
        cluster.hosts.first.do("subscribers", "suppress", address)


def disturb(cluster: Cluster, chance: random.Random, rounds: int) -> None:
    faults = [*FAULTS * rounds, Cluster.fail_over]
    for fault in chance.sample(faults, len(faults)):
        time.sleep(chance.uniform(0.2, 3))
        cluster.done.append(fault.__name__)
        fault(cluster, chance)
        cluster.keep_up()
    print(len(faults), "faults:", *cluster.done)  # noqa: T201 - for who counts them


def claimed_after(cluster: Cluster, at: float, people: Iterable[str]) -> set[str]:
    """Return those of the people whose batch was claimed for the last time after this time."""
    query = (
        "SELECT address FROM subscriber JOIN batch ON members::jsonb @> to_jsonb(subscriber.id)"
        " WHERE address = ANY(%s) AND claimed_at > %s"
    )
    with psycopg.connect(cluster.server.url("forum")) as db:
        return {address for (address,) in db.execute(query, (list(people), at * 1000))}


@pytest.mark.faults(seconds=120)
def test_whatever_dies_or_is_cut_off_each_reader_has_it_once_or_is_listed(
    cluster: Cluster, mailgun: PacedMailgun, people: list[str], rounds: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    left = chance.sample(people, 40)
    on_its_way(cluster, left[:20])
    wait_until(lambda: mailgun.taken, describe=cluster.said)
    leave(cluster, left[20:])
    left_at = time.time()
    disturb(cluster, chance, rounds)
    mailgun.delay = 0
    open_states = {"sending", "scheduled"}

    def ended() -> Any:
        report = cluster.is_mended() and cluster.hosts.first.report("news")
        return report and report["state"] not in open_states and report

    report = wait_until(ended, 300, cluster.said)
    taken, unknown = mailgun.counted(), set(report["unknown_addresses"])
    assert max(taken.values()) == 1, cluster.said()
    assert report["accepted"] + report["unknown"] + report["suppressed"] == len(people)
    assert not taken.keys() & set(left[:20])
    assert not claimed_after(cluster, left_at, taken.keys() & set(left))
    assert set(people) - set(left) - unknown <= taken.keys()
    cluster.hosts.first.do("audit", "verify")


@pytest.mark.faults(seconds=90)
def test_none_leaves_after_a_cancellation_whatever_dies(
    cluster: Cluster, mailgun: PacedMailgun, people: list[str], rounds: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    on_its_way(cluster, [])
    wait_until(lambda: len(mailgun.taken) > 10, describe=cluster.said)
    cluster.hosts.first.do("cancel", "news")
    time.sleep(1.5)  # the calls that were under way
    taken = len(mailgun.taken)
    assert taken < 200, "it was over before"
    disturb(cluster, chance, rounds)
    wait_until(cluster.is_mended, 2 * LEASE, cluster.said)
    assert len(mailgun.taken) == taken, cluster.said()
    report = cluster.hosts.first.report("news")
    assert report["state"] == "cancelled"
    assert report["accepted"] + report["unknown"] + report["cancelled"] == len(people)
    assert max(mailgun.counted().values()) == 1


@pytest.mark.parametrize("pace", [PACE | {"daily_quota": QUOTA, "rate": 1000}])
@pytest.mark.faults(seconds=90)
def test_no_more_leave_than_the_quota_of_the_day_whatever_dies(
    cluster: Cluster, mailgun: PacedMailgun, rounds: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a draw that can be made again
    on_its_way(cluster, [])
    disturb(cluster, chance, rounds)
    mailgun.delay = 0

    def held() -> bool:
        with psycopg.connect(cluster.server.url("forum")) as db:
            [(used, claimed)] = db.execute(
                "SELECT (SELECT MAX(used) FROM rate_limit),"
                " (SELECT COUNT(*) FROM batch WHERE state = 'claimed')"
            )
        return cluster.is_mended() and used == QUOTA and not claimed

    wait_until(held, 300, cluster.said)
    time.sleep(3)
    report = cluster.hosts.first.report("news")
    assert 0.8 * QUOTA < len(mailgun.delivered) <= QUOTA, cluster.said()
    assert report["accepted"] + report["unknown"] <= QUOTA
    assert max(mailgun.counted().values()) == 1


class Failover:
    """A scheduler and two workers whose way to the database leads to its replica in the end.

    The last worker has a line of its own.
    """

    def __init__(
        self, hosts: Hosts, servers: tuple[Server, Server], lines: list[Relay], replication: Relay
    ) -> None:
        self.hosts, self.lines, self.replication = hosts, lines, replication
        self.primary, self.replica = servers
        self.machines = [hosts.add(**at(lines[place // 2])) for place in range(3)]
        self.running = [self.start(place) for place in range(3)]

    def start(self, place: int) -> Running:
        return self.machines[place].start("--verbose", "worker" if place else "scheduler")

    def said(self) -> str:
        return "".join(each.said()[-3000:] for each in self.running)

    def happen(self, *, is_split: bool = False) -> None:
        """The replica takes over. With ``is_split`` the last worker still reaches the primary."""
        if not is_split:
            self.primary.stop()
        self.replica.take_over()
        for line in self.lines[: 2 - is_split]:
            line.lead_to(self.replica.port)
            line.hang_up()

    def keep_up(self) -> None:
        """Restart every process that ended, as a service manager does."""
        for place, one in enumerate(self.running):
            if one.is_ended():
                assert "Traceback" not in one.said(), one.said()
                self.running[place] = self.start(place)

    def is_sent(self) -> Any:
        self.keep_up()
        report = self.hosts.first.report("news")
        return report["state"] in {"sent", "attention"} and report

    def holds(self, why: str) -> bool:
        self.keep_up()
        found = self.machines[0].do("doctor", code=3).stdout
        return bool(re.search(f"{why}.*newsletter db release", found, re.DOTALL))


@contextmanager
def failover(tmp_path: Path, mailgun: PacedMailgun, *, waits: bool) -> Iterator[Failover]:
    with (
        primary_and_replica(tmp_path, waits=waits) as (primary, replica, replication),
        closing(Relay(primary.port)) as line,
        closing(Relay(primary.port)) as own_line,
        closing(created(tmp_path, primary, "forum")) as hosts,
    ):
        hosts.first.configure(**at(line))
        prepared(hosts, PEOPLE, mailgun, batch_size=5, concurrency=2, timeout="1s", settle="4s")
        mailgun.delay = 0.25
        over = Failover(hosts, (primary, replica), [line, own_line], replication)
        wait_until(lambda: len(mailgun.taken) > 40, describe=over.said)
        yield over


@pytest.mark.parametrize("is_used_elsewhere", [True, False])
@pytest.mark.faults(seconds=45)
def test_a_replica_that_has_all_takes_over_and_each_reader_has_it_once(
    tmp_path: Path, mailgun: PacedMailgun, is_used_elsewhere: bool
) -> None:
    with failover(tmp_path, mailgun, waits=True) as over:
        if not is_used_elsewhere:
            for one in over.running:
                one.kill()
            time.sleep(DEAD_AFTER.total_seconds())
        over.happen()
        mailgun.delay = 0
        report = wait_until(over.is_sent, 90, over.said)
        unknown = set(report["unknown_addresses"])
        assert report["accepted"] + report["unknown"] == len(PEOPLE)
        assert max(mailgun.counted().values()) == 1, over.said()
        assert set(PEOPLE) - unknown <= mailgun.counted().keys()
        over.hosts.first.do("audit", "verify")


@pytest.mark.faults(seconds=45)
def test_a_machine_that_still_reaches_the_former_server_sends_nothing_twice(
    tmp_path: Path, mailgun: PacedMailgun
) -> None:
    cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with failover(tmp_path, mailgun, waits=True) as over:
        over.happen(is_split=True)
        for _ in range(20):  # an administrator ends what waits for the standby
            over.primary.run(cancel)
            time.sleep(1)
        mailgun.delay = 0
        report = wait_until(over.is_sent, 90, over.said)
        assert max(mailgun.counted().values()) == 1, over.said()
        assert set(PEOPLE) - set(report["unknown_addresses"]) <= mailgun.counted().keys()
        assert "perhaps not on the standby" in over.running[2].said()


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.faults(seconds=30)
def test_a_replica_that_is_behind_takes_over_and_nothing_more_is_sent(
    tmp_path: Path, mailgun: PacedMailgun, is_cancelled: bool
) -> None:
    with failover(tmp_path, mailgun, waits=False) as over:
        if is_cancelled:  # the replica has all claims, and not the cancellation
            over.hosts.first.do("pause", "news")
            time.sleep(2)
            over.replication.cut()
            over.hosts.first.do("cancel", "news")
        else:
            over.replication.cut()
            wait_until(lambda: len(mailgun.taken) > 80, describe=over.said)
        over.happen()
        taken = mailgun.counted()

        wait_until(lambda: over.holds("may lack the last changes"), describe=over.said)
        time.sleep(DEAD_AFTER.total_seconds())
        assert mailgun.counted() == taken, over.said()
        assert max(taken.values()) == 1


@pytest.mark.faults(seconds=30)
def test_a_machine_that_used_the_former_server_after_a_release_is_seen_when_it_comes_back(
    tmp_path: Path, mailgun: PacedMailgun
) -> None:
    with failover(tmp_path, mailgun, waits=False) as over:
        over.replication.cut()
        over.happen(is_split=True)
        wait_until(lambda: over.holds("may lack the last changes"), describe=over.said)
        over.hosts.first.hire(ADMIN, "admin")
        over.machines[0].do("db", "release", "--by", ADMIN)
        time.sleep(3 * HEARTBEAT_INTERVAL.total_seconds())
        over.lines[1].lead_to(over.replica.port)
        over.lines[1].hang_up()
        wait_until(lambda: over.holds("went on with the server before"), describe=over.said)


@pytest.mark.faults(seconds=30)
def test_a_run_ends_when_a_replica_without_the_last_cancellation_takes_over(
    tmp_path: Path, mailgun: PacedMailgun
) -> None:
    with (
        primary_and_replica(tmp_path, waits=False) as (primary, replica, replication),
        closing(Relay(primary.port)) as line,
        closing(created(tmp_path, primary, "forum")) as hosts,
    ):
        hosts.first.configure(engine="local", **at(line))
        prepared(hosts, PEOPLE, mailgun, batch_size=5)
        mailgun.delay = 0.25
        run = hosts.first.start("run", "--port", "0")
        wait_until(lambda: len(mailgun.taken) > 10, describe=run.said)
        hosts.first.do("pause", "news")
        time.sleep(2)
        hosts.first.do("resume", "news")
        replication.cut()
        hosts.first.do("cancel", "news")
        time.sleep(1)
        taken = mailgun.counted()
        replica.take_over()
        line.lead_to(replica.port)
        line.hang_up()
        assert run.finish().code == 4
        assert "a replica took over. Nothing more is sent" in run.said()
        assert mailgun.counted() == taken


def test_the_services_of_the_compose_file_send_from_one_folder(
    hosts: Hosts, mailgun: PacedMailgun
) -> None:
    people = readers(120)
    prepared(hosts, people, mailgun, batch_size=5, concurrency=2)
    mailgun.delay = 0.1
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    ours = {
        name: each
        for name, each in services.items()
        if "build" in each and "many" in each["profiles"]
    }
    running = {
        # each container has its own port 8000
        f"{name} {number}": hosts.first.start(each["command"][0], "--port", "0")
        for name, each in ours.items()
        for number in range(each.get("deploy", {}).get("replicas", 1))
    }
    assert sorted(running) == ["scheduler 0", "web 0", "worker 0", "worker 1"]
    said = lambda: "".join(each.said() for each in running.values())  # noqa: E731 - twice below
    running["scheduler 0"].wait_for("started news")
    address = running["web 0"].wait_for(r"pages on (http://[\d.:]+)")[1]
    wait_until(lambda: hosts.first.report("news")["state"] == "sent", describe=said)
    assert mailgun.counted() == dict.fromkeys(people, 1)
    with urlopen(f"{address}/healthz") as answer:  # noqa: S310 - loopback
        assert answer.status == 200
    listed = hosts.first.do("doctor", code=3).stdout
    assert (
        len(re.findall(r"(?:worker|scheduler)-\d+ on \S+ since .* UTC, last heartbeat", listed))
        == 1
    )
    for each in running.values():
        each.stop()
    for each in running.values():
        assert each.finish().code == 0
    assert (
        "start 'newsletter worker' and 'newsletter scheduler'"
        in hosts.first.do("doctor", code=3).stdout
    )


def test_a_worker_runs_until_it_is_stopped_and_the_scheduler_is_for_several(hosts: Hosts) -> None:
    said = hosts.first.do("worker", "--until-idle", code=4).stderr
    assert "a worker runs until it is stopped" in said
    hosts.first.configure(engine="local")
    assert "engine: procrastinate" in hosts.first.do("scheduler", code=4).stderr
