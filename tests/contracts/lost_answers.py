"""What must hold where the answer to a call is lost, or is no answer of the provider's.

Subclass and say what a good answer to a batch to ``addresses`` is, beside the fixtures ``server``,
``provider`` and ``impatient``, a provider that waits 0.4 seconds.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from newsletter.domain.delivery import Answer, Verdict
from newsletter.ports import Provider
from tests.contracts.provider import batch
from tests.servers import Step, answer_bytes, bytes_then_close, bytes_then_silence, reply


class LostAnswersContract:
    """The suite. Nothing is ever repeated, and what may have been taken is unknown."""

    addresses: ClassVar[tuple[str, ...]] = ("ana@a.example", "ben@b.example", "cy@c.example")
    status: ClassVar[int] = 200
    headers: ClassVar[Mapping[str, str]] = {}
    body: ClassVar[bytes]

    def hand_over(self, server: Any, provider: Provider, step: Step) -> Answer:
        server.script.append(step)
        answer = provider.hand_over(provider.prepare(batch(*self.addresses)))
        assert not answer.exceptions
        assert len(server.requests) == 1
        assert len(server.delivered) == (len(self.addresses) if step.takes else 0)
        return answer

    def check(self, server: Any, provider: Provider, step: Step) -> None:
        assert self.hand_over(server, provider, step).outcome.verdict is Verdict.UNKNOWN

    def answer(self) -> bytes:
        return answer_bytes(self.status, self.body, self.headers)

    def test_the_answer_is_good_when_it_comes_whole(self, server: Any, provider: Provider) -> None:
        step = reply(self.status, self.body, self.headers, takes=True)
        assert self.hand_over(server, provider, step).outcome.verdict is Verdict.ACCEPTED

    @pytest.mark.parametrize("reset", [False, True], ids=["goodbye", "reset"])
    @pytest.mark.parametrize("end", [0, 11, 40, -7])
    def test_an_answer_cut_off_is_unknown_though_all_was_taken(
        self, server: Any, provider: Provider, end: int, reset: bool
    ) -> None:
        step = bytes_then_close(self.answer()[:end], reset=reset, takes=True)
        self.check(server, provider, step)

    def test_an_answer_that_never_ends_is_unknown(self, server: Any, impatient: Provider) -> None:
        step = bytes_then_silence(self.answer()[:-7], takes=True)
        self.check(server, impatient, step)

    @pytest.mark.parametrize("status", [301, 302, 307, 500, 502, 503, 504])
    def test_no_redirection_is_followed_and_no_broken_server_asked_again(
        self, server: Any, provider: Provider, status: int
    ) -> None:
        elsewhere = {**self.headers, "Location": f"{server.url}/elsewhere"}
        self.check(server, provider, reply(status, self.body, elsewhere))

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>Welcome</html>", b'{"half":'])
    def test_success_that_is_not_understood_is_unknown(
        self, server: Any, provider: Provider, body: bytes
    ) -> None:
        self.check(server, provider, reply(self.status, body, self.headers, takes=True))

    @pytest.mark.parametrize("seconds", [0, 7])
    def test_a_rate_limit_is_waited_out_as_asked(
        self, server: Any, provider: Provider, seconds: int
    ) -> None:
        """It may come from a proxy in front, in nobody's words."""
        step = reply(429, "slow down", {"Retry-After": str(seconds)})
        answer = self.hand_over(server, provider, step)
        assert answer.outcome.verdict is Verdict.RETRY
        assert answer.retry_after == timedelta(seconds=seconds)
