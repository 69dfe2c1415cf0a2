"""listmonk, for comparison: ``python -m bench.listmonk CHECKOUT [READERS]``.

CHECKOUT is one of knadh/listmonk, in which ``go build -o listmonk ./cmd`` was run. It sends the
product's own mail from PostgreSQL, by its HTTP messenger and by SMTP, to ``sink.c``. CPU is that
of listmonk, and of all processes of the PostgreSQL server. Ends with an error unless each reader
was reached exactly once.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench import product
from bench.hosts import cpu, family
from bench.measuring import circumstances
from bench.run import check
from bench.sink import Sink, compiled, sink
from tests.postgresql import PASSWORD, Server, missing, own_server

_CONNECTIONS = 10
_PATIENCE = 600.0
_RATE = 1_000
"""Messages after which a connection rests for a second. Its queue has room for twice as many a
connection: with a million, collecting garbage took two thirds of the CPU."""
_UNSUBSCRIBE_PATTERN = re.compile(r'https://news\.forum\.example/u/[^"]+')
_CONFIGURATION = """\
[app]
address = "127.0.0.1:0"
[db]
host = "127.0.0.1"
port = {port}
user = "newsletter"
password = "'{password}'"
database = "listmonk"
ssl_mode = "disable"
max_open = 25
max_idle = 25
"""


def main() -> None:
    """Print a table: the CPU a message of listmonk and of its server."""
    parser = argparse.ArgumentParser(prog="python -m bench.listmonk", description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("readers", type=int, nargs="?", default=50_000)
    options = parser.parse_args()
    if reason := missing() or ("" if shutil.which("cc") else "there is no C compiler"):
        raise SystemExit(reason)
    checkout = options.checkout.resolve()
    (checkout / "frontend" / "dist").mkdir(exist_ok=True)  # it asks for the pages of its desk
    print(circumstances(f"{options.readers:,} readers, {_CONNECTIONS} connections"))
    print(
        "\n| listmonk by | messages/s | CPU us | CPU us, server | peak MB |\n|---|--:|--:|--:|--:|"
    )
    with (
        tempfile.TemporaryDirectory(prefix="newsletter-bench-") as made,
        own_server(Path(made)) as server,
    ):
        _install(checkout, Path(made), server, options.readers)
        for how in ("http", "smtp"):
            _send(how, checkout, Path(made), server, options.readers)


def _install(checkout: Path, folder: Path, server: Server, readers: int) -> None:
    server.run("CREATE DATABASE listmonk")
    text = _CONFIGURATION.format(port=server.port, password=PASSWORD)
    (folder / "config.toml").write_text(text)
    command = [*_command(checkout, folder), "--install", "--yes"]
    admin = {"LISTMONK_ADMIN_USER": "admin", "LISTMONK_ADMIN_PASSWORD": "for-the-bench"}
    environment = {**os.environ, **admin}
    subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(server.url("listmonk"), autocommit=True) as db:
        db.execute(
            "INSERT INTO subscribers (uuid, email, name)"
            " SELECT gen_random_uuid(), unnest(CAST(%s AS text[])), ''",
            [[product.address(number) for number in range(readers)]],
        )
        db.execute(
            "INSERT INTO subscriber_lists (subscriber_id, list_id, status)"
            " SELECT id, 1, 'confirmed' FROM subscribers ON CONFLICT DO NOTHING"
        )
        db.execute("DELETE FROM subscribers WHERE email NOT LIKE 'reader%@readers.example'")
        db.execute("ANALYZE")


def _command(checkout: Path, folder: Path) -> list[str]:
    return [str(checkout / "listmonk"), "--config", str(folder / "config.toml")]


def _send(how: str, checkout: Path, folder: Path, server: Server, readers: int) -> None:
    with (
        sink(compiled(folder)) as target,
        psycopg.connect(server.url("listmonk"), autocommit=True) as db,
    ):
        for key, value in _settings(target).items():
            db.execute("UPDATE settings SET value = %s WHERE key = %s", [json.dumps(value), key])
        campaign = _campaign(db, folder, how)
        with subprocess.Popen(
            _command(checkout, folder),
            cwd=checkout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                time.sleep(5)  # it starts
                before, began = _used(process.pid, server), time.monotonic()
                db.execute("UPDATE campaigns SET status = 'running' WHERE id = %s", [campaign])
                while target.figures()["calls"] < readers and time.monotonic() < began + _PATIENCE:
                    time.sleep(0.2)
                seconds = time.monotonic() - began
                used = [
                    end - start
                    for start, end in zip(before, _used(process.pid, server), strict=True)
                ]
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.kill()
        check(f"listmonk by {how}", target.recipients(), readers)
    ours, theirs = (seconds / readers * 1e6 for seconds in used)
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    rate = readers / seconds
    print(f"| {how} | {rate:,.0f} | {ours:.1f} | {theirs:.1f} | {peak:,} |", flush=True)


def _campaign(db: psycopg.Connection[Any], folder: Path, how: str) -> int:
    """Store the product's mail as a campaign to all; return its id."""
    workspace = folder / f"product-{how}"
    product.prepare(workspace, 1)
    mail = product.content(workspace)
    html = _UNSUBSCRIBE_PATTERN.sub("{{ UnsubscribeURL . }}", mail.html)
    db.execute("UPDATE templates SET body = '{{ template \"content\" . }}' WHERE type = 'campaign'")
    [campaign] = db.execute(
        "INSERT INTO campaigns (uuid, name, subject, from_email, body, altbody, content_type,"
        " messenger, template_id, status, to_send, max_subscriber_id)"
        " SELECT gen_random_uuid(), 'bench', %s, 'Forum <news@forum.example>', %s, %s, 'html', %s,"
        " (SELECT MIN(id) FROM templates WHERE type = 'campaign'), 'draft', COUNT(*), MAX(id)"
        " FROM subscribers RETURNING id",
        [mail.subject, html, mail.text, "email" if how == "smtp" else "sink"],
    ).fetchone() or [0]
    db.execute(
        "INSERT INTO campaign_lists (campaign_id, list_id, list_name) VALUES (%s, 1, '')",
        [campaign],
    )
    return int(campaign)


def _settings(target: Sink) -> dict[str, object]:
    common = {"enabled": True, "username": "", "password": "", "max_conns": _CONNECTIONS}
    retries = {"max_msg_retries": 2, "uuid": "11111111-1111-1111-1111-111111111111"}
    smtp = {"host": "127.0.0.1", "port": target.smtp_port, "auth_protocol": "none"}
    waits = {"idle_timeout": "15s", "wait_timeout": "30s", "tls_type": "none", "email_headers": []}
    return {
        "app.message_rate": _RATE,
        "app.concurrency": _CONNECTIONS,
        "app.check_updates": False,
        "smtp": [{**common, **retries, **smtp, **waits}],
        "messengers": [
            {**common, **retries, "name": "sink", "root_url": target.url, "timeout": "30s"}
        ],
    }


def _used(pid: int, server: Server) -> tuple[float, float]:
    postmaster = (server.folder / "data" / "postmaster.pid").read_text().splitlines()[0]
    return cpu(pid), family(int(postmaster))


if __name__ == "__main__":
    main()
