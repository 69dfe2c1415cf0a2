"""TXT records, asked of a real DNS server on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from newsletter.domain.delivery.authentication import LookupFailed
from newsletter.transport.dns import txt_records


@contextmanager
def name_server(records: Mapping[str, list[str]]) -> Iterator[Callable[[str], list[str]]]:
    """Answers for these names, fails for broken.example, and knows no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.2)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    data, client = sock.recvfrom(4096)
                except TimeoutError:
                    continue
                question = dns.message.from_wire(data)
                answer = dns.message.make_response(question)
                name = question.question[0].name.to_text()
                if name == "broken.example.":
                    answer.set_rcode(dns.rcode.SERVFAIL)
                elif name in records:
                    values = records[name]
                    if values:
                        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *values))
                else:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                sock.sendto(answer.to_wire(), client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers, resolver.port = ["127.0.0.1"], sock.getsockname()[1]
            yield partial(txt_records, resolver=resolver)
        finally:
            over.set()
            thread.join()


def test_records_are_put_together_and_none_is_no_fault() -> None:
    records = {
        "forum.example.": ['"v=spf1 include:a" ".example -all"', '"other"'],
        "empty.example.": [],
    }
    with name_server(records) as names:
        assert sorted(names("forum.example")) == ["other", "v=spf1 include:a.example -all"]
        assert names("empty.example") == []
        assert names("nowhere.example") == []


def test_a_server_that_fails_proves_nothing() -> None:
    with name_server({}) as names, pytest.raises(LookupFailed, match=r"broken\.example"):
        names("broken.example")
