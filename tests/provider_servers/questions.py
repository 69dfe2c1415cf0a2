"""A provider on loopback that is only asked: each path has its answer."""

import json
from dataclasses import dataclass, field

from tests.fakes import FixedClock
from tests.provider_servers.kind import Said
from tests.provider_servers.ses import signature_faults
from tests.servers import LoopbackServer, Received, Step, reply


@dataclass
class QuestionServer(LoopbackServer):
    """Answers by path, to those who show who they are; all others get ``refusal``."""

    shown: tuple[str, str] = ("authorization", "Bearer key-for-tests")
    signed: bool = False
    """A signature of AWS is asked for instead of a header field."""
    answers: dict[str, Said] = field(default_factory=dict)
    refusal: Said = (401, {"message": "Unauthorized"})

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        assert received.method == "GET"
        assert received.body == b""
        status, said = (
            self.answers.get(received.path, (404, {})) if self._knows(received) else self.refusal
        )
        return reply(status, said if isinstance(said, bytes) else json.dumps(said))

    def _knows(self, received: Received) -> bool:
        if self.signed:
            return not list(signature_faults(received, self.url, FixedClock().now()))
        name, value = self.shown
        return received.headers.get(name) == value
