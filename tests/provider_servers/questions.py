"""A provider on loopback that is only asked: each path has its answer."""

import json
from dataclasses import dataclass, field

from tests.servers import LoopbackServer, Received, Step, reply

Said = tuple[int, object]
"""A status, and what is answered: a value as JSON, bytes as they are."""


@dataclass
class QuestionServer(LoopbackServer):
    """Answers by path, to those who show the right header field; all others get ``refusal``."""

    shown: tuple[str, str] = ("authorization", "Bearer key-for-tests")
    answers: dict[str, Said] = field(default_factory=dict)
    refusal: Said = (401, {"message": "Unauthorized"})

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        assert received.method == "GET"
        assert received.body == b""
        name, value = self.shown
        known = received.headers.get(name) == value
        status, said = self.answers.get(received.path, (404, {})) if known else self.refusal
        return reply(status, said if isinstance(said, bytes) else json.dumps(said))
