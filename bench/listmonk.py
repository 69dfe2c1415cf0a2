"""listmonk, for comparison: ``python -m bench.listmonk CHECKOUT [READERS]``.

CHECKOUT is one of knadh/listmonk, in which ``go build -o listmonk ./cmd`` was run. It sends the
product's own mail from PostgreSQL, by its HTTP messenger and by SMTP, to sinks in this process,
which slow it down: compare the CPU of listmonk and its server, not the time. Ends with an error
unless each reader was reached.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from bench import product
from bench.hosts import cpu, family
from bench.measuring import circumstances
from tests.postgresql import PASSWORD, Server, missing, own_server

_CONNECTIONS = 10
_PATIENCE = 600.0
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


class Sinks:
    """A server of HTTP and one of SMTP, in a thread, which take every mail and count them."""

    def __init__(self) -> None:
        self.mails: Counter[str] = Counter()
        self.ports: dict[str, int] = {}
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait(10)

    async def _serve(self, ready: threading.Event) -> None:
        for how, answer in (("http", self._http), ("smtp", self._smtp)):
            server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 20)
            self.ports[how] = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.Event().wait()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _until(reader, b"\r\n\r\n"):
            length = next(
                line for line in head.lower().split(b"\r\n") if b"content-length:" in line
            )
            await reader.readexactly(int(length.split(b":")[1]))
            self.mails["http"] += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def _smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await _until(reader, b"\r\n"):
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await _until(reader, b"\r\n.\r\n")
                self.mails["smtp"] += 1
            writer.write(b"250 ok\r\n")


async def _until(reader: asyncio.StreamReader, end: bytes) -> bytes:
    try:
        return await reader.readuntil(end)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def main() -> None:
    """Print a table: the CPU a message of listmonk and of its server."""
    parser = argparse.ArgumentParser(prog="python -m bench.listmonk", description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("readers", type=int, nargs="?", default=50_000)
    options = parser.parse_args()
    if reason := missing():
        raise SystemExit(reason)
    checkout = options.checkout.resolve()
    (checkout / "frontend" / "dist").mkdir(exist_ok=True)  # it asks for the pages of its desk
    print(circumstances(f"{options.readers:,} readers, {_CONNECTIONS} connections"))
    print("\n| listmonk by | CPU us | CPU us, server | peak MB |\n|---|--:|--:|--:|")
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
            "INSERT INTO subscribers (uuid, email, name) SELECT gen_random_uuid(),"
            " 'reader' || n || '@readers.example', '' FROM generate_series(1, %s) AS n",
            [readers],
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
    sinks = Sinks()
    with psycopg.connect(server.url("listmonk"), autocommit=True) as db:
        for key, value in _settings(sinks).items():
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
                before = _used(process.pid, server)
                db.execute("UPDATE campaigns SET status = 'running' WHERE id = %s", [campaign])
                deadline = time.monotonic() + _PATIENCE
                while sinks.mails[how] < readers and time.monotonic() < deadline:
                    time.sleep(0.5)
                used = [
                    end - start
                    for start, end in zip(before, _used(process.pid, server), strict=True)
                ]
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.kill()
    if sinks.mails[how] != readers:
        raise SystemExit(f"{sinks.mails[how]:,} of {readers:,} were reached by {how}")
    ours, theirs = (seconds / readers * 1e6 for seconds in used)
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(f"| {how} | {ours:.1f} | {theirs:.1f} | {peak:,} |", flush=True)


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


def _settings(sinks: Sinks) -> dict[str, object]:
    common = {"enabled": True, "username": "", "password": "", "max_conns": _CONNECTIONS}
    retries = {"max_msg_retries": 2, "uuid": "11111111-1111-1111-1111-111111111111"}
    smtp = {"host": "127.0.0.1", "port": sinks.ports["smtp"], "auth_protocol": "none"}
    waits = {"idle_timeout": "15s", "wait_timeout": "30s", "tls_type": "none", "email_headers": []}
    url = f"http://127.0.0.1:{sinks.ports['http']}/"
    return {
        "app.message_rate": 1_000_000,
        "app.concurrency": _CONNECTIONS,
        "app.check_updates": False,
        "smtp": [{**common, **retries, **smtp, **waits}],
        "messengers": [{**common, **retries, "name": "sink", "root_url": url, "timeout": "30s"}],
    }


def _used(pid: int, server: Server) -> tuple[float, float]:
    postmaster = (server.folder / "data" / "postmaster.pid").read_text().splitlines()[0]
    return cpu(pid), family(int(postmaster))


if __name__ == "__main__":
    main()
