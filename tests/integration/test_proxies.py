"""The proxies that install.md shows carry all that we take, and doctor sees one that forgets."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from newsletter.domain.delivery.provider import Finding, Level
from newsletter.runtime.diagnosis import examine_proxy
from newsletter.runtime.keys import proxy_token
from newsletter.web.desk.statements.drafts import MAX_FORM_BYTES
from newsletter.web.server import WebServer
from tests.certificates import Files, certify
from tests.desk import Staffed, desk
from tests.rows import rows
from tests.servers import LoopbackServer, closed_port, reply

PAGE = (Path(__file__).parents[2] / "docs" / "install.md").read_text("utf-8")
WEBHOOK = ("office", "a password")
_TOO_LARGE = b"x" * 20_000_001
"""One byte more than the desk takes."""


def example(language: str) -> str:
    """The block of install.md in this language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found, language
    return found[1]


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Staffed]:
    provider = {"kind": "postmark", "server_token": "x", "message_stream": "outbound"}
    provider |= {"webhook_key": ":".join(WEBHOOK), "base_url": "http://127.0.0.1:9"}
    folder = tmp_path_factory.mktemp("desk")
    with desk(folder, database=migrated, provider=provider) as found:
        found.site.subscribe("one@example.org", "two@example.org")
        found.site.agree()
        found.site.services.tick.run()
        yield found


@pytest.fixture(scope="module")
def service(staffed: Staffed) -> Iterator[str]:
    with WebServer(staffed.site.services, host="127.0.0.1", port=0) as server:
        yield server.address


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy at work: its address, and the file of the certificate that it shows."""

    url: str
    certificate: Path

    def ask(self, method: str, path: str, **how: object) -> requests.Response:
        call: Callable[..., requests.Response] = requests.request
        return call(method, f"{self.url}{path}", verify=str(self.certificate), timeout=60, **how)


def nginx(folder: Path, port: int, service: str, files: Files, text: str) -> list[str]:
    """Return the command that starts nginx with an example. Only names and ports differ."""
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = text.replace("http://127.0.0.1:8000", service)
    text = re.sub(r"ssl_certificate \S+;", f"ssl_certificate {files[0]};", text)
    text = re.sub(r"ssl_certificate_key \S+;", f"ssl_certificate_key {files[1]};", text)
    user = "user root;\n" * (os.geteuid() == 0)  # whose folder this is: nginx would be nobody
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{text}}}\n"
    )
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def caddy(folder: Path, port: int, service: str, files: Files, text: str) -> list[str]:
    """As for nginx."""
    text = text.replace("127.0.0.1:8000", service.removeprefix("http://"))
    tls = f"https://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\ttls {files[0]} {files[1]}\n"
    text = text.replace("news.forum.example, desk.forum.example {\n", tls)
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{text}"
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


PROXIES = {"nginx": (nginx, "nginx"), "caddy": (caddy, "caddyfile")}
HERE = [name for name in PROXIES if shutil.which(name, path="/usr/sbin:/usr/bin:/bin")]


@contextmanager
def running(name: str, folder: Path, service: str) -> Iterator[Proxy]:
    """A proxy with its example."""
    start, language = PROXIES[name]
    text, files = example(language), certify(folder, "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = start(folder, port, service, files, text)
    log = (folder / "log").open("w")
    environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(folder)}
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        proxy = Proxy(url=f"https://127.0.0.1:{port}", certificate=files[0])
        try:
            _await(proxy, process, folder / "log")
            yield proxy
        finally:
            process.terminate()


def _await(proxy: Proxy, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            proxy.ask("GET", "/healthz")
        except requests.ConnectionError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        else:
            return


if HERE:  # else nothing is collected: what is not installed here is tried where it is

    @pytest.mark.slow("a proxy and files of 20 MB")
    @pytest.mark.parametrize("name", HERE)
    def test_the_example_carries_all_that_we_take(
        name: str, staffed: Staffed, service: str, tmp_path: Path
    ) -> None:
        ana = staffed.as_("ana")
        signed = {"Cookie": f"__Host-desk={ana.cookie}", "Sec-Fetch-Site": "same-origin"}
        reader = HERE.index(name) + 1
        with running(name, tmp_path, service) as proxy:
            assert "Ana" in proxy.ask("GET", "/desk", headers=signed).text
            sent = proxy.ask(
                "POST", "/desk/drafts/new", headers=signed, files={"file": ("a.txt", _TOO_LARGE)}
            )
            assert (sent.status_code, "is larger than 20 MB" in sent.text) == (422, True)
            left = proxy.ask("POST", "/desk/sign-out", headers=signed, allow_redirects=False)
            assert left.headers["set-cookie"].startswith("__Host-desk=")
            assert "; Secure" in left.headers["set-cookie"]
            link = staffed.site.unsubscribe_link(reader)
            clicked = proxy.ask("POST", link, data={"List-Unsubscribe": "One-Click"})
            assert (clicked.status_code, "set-cookie" in clicked.headers) == (200, False)
            assert staffed.site.lists_of(reader) == []
            told = proxy.ask("POST", "/webhooks/postmark", auth=WEBHOOK, json={"RecordType": "x"})
            assert told.status_code == 200
            forged = proxy.ask("POST", "/webhooks/postmark", auth=("office", "x"), json={})
            assert 400 <= forged.status_code < 500
            token = proxy_token(staffed.site.services.delivery.key, staffed.site.clock.now())
            spoofed = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "http"}
            seen = proxy.ask("GET", f"/proxy/{token}", headers=spoofed).json()
        host = proxy.url.removeprefix("https://")
        assert seen == {"host": host, "scheme": "https", "client": "127.0.0.1"}


def test_the_examples_take_bodies_as_large_as_the_desk_does() -> None:
    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", example("nginx"))
    [millions] = re.findall(r"max_size (\d+)MB", example("caddyfile"))
    assert min(int(megabytes) << 20, int(millions) * 1_000_000) >= MAX_FORM_BYTES
    for field in ("Host $http_host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme"):
        assert f"proxy_set_header {field};" in example("nginx")


def finding_on(seen: dict[str, str], status: int = 200, near: bool = False) -> Finding:
    """Return what doctor says when this much of its question arrives."""
    with LoopbackServer() as server:
        all_of_it = {"host": server.url.removeprefix("http://"), "scheme": "http", "client": "::2"}
        server.script.append(reply(status, all_of_it | seen))
        return examine_proxy(server.url, "token", leads_here=lambda _: near)


@rows(
    ("seen", "status", "level", "says"),
    [
        ({}, 200, Level.OK, "passes all on"),
        ({"host": "127.0.0.1:8000"}, 200, Level.FAULT, "Host arrives as 127.0.0.1:8000, not"),
        ({"scheme": "https"}, 200, Level.FAULT, "X-Forwarded-Proto is not set"),
        ({"client": "192.0.2.1"}, 200, Level.FAULT, "each client chooses its own address"),
        ({"client": "127.0.0.1"}, 200, Level.FAULT, "every client has the address 127.0.0.1"),
        ({}, 421, Level.FAULT, "does not pass on the Host"),
        ({}, 302, Level.WARNING, "HTTP 302"),
    ],
)
def test_doctor_sees_a_proxy_that_forgets(
    seen: dict[str, str], status: int, level: Level, says: str
) -> None:
    found = finding_on(seen, status=status)
    assert found.level is level
    assert says in found.detail
    assert bool(found.advice) == (level is not Level.OK)


def test_from_this_machine_doctor_cannot_tell_whose_address_arrives() -> None:
    for client in ("127.0.0.1", "192.0.2.1"):
        found = finding_on({"client": client}, near=True)
        assert (found.level, "from another machine alone" in found.detail) == (Level.WARNING, True)
    assert finding_on({"scheme": "https"}, near=True).level is Level.FAULT
    with LoopbackServer() as server:
        server.script.append(reply(200, {"host": "x", "scheme": "http", "client": "127.0.0.1"}))
        assert "Forwarded-For" not in examine_proxy(server.url, "token").detail


def test_doctor_says_where_it_could_not_ask() -> None:
    found = examine_proxy(f"http://127.0.0.1:{closed_port()}", "token")
    assert found.level is Level.WARNING
    assert "could not be asked" in found.detail


def test_what_arrives_is_told_to_doctor_alone(staffed: Staffed) -> None:
    site = staffed.site
    key, now = site.services.delivery.key, site.clock.now()
    for age, status in ((0, 200), (299, 200), (301, 404), (-301, 404)):
        token = proxy_token(key, now - timedelta(seconds=age))
        assert site.get(f"/proxy/{token}").status == status, age
    made_up = [*("x", "1-2", "٣-1", f"{'9' * 40}-1"), proxy_token(b"another key", now)]
    for token in made_up:
        assert site.get(f"/proxy/{token}").status == 404, token
