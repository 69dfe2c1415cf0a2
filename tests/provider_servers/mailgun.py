"""Mailgun, whose server on loopback is every test's."""

from tests.provider_servers.kind import Asked, Kind
from tests.servers import MailgunServer

KIND = Kind(
    server=lambda _: MailgunServer(),
    options={"domain": "forum.example", "api_key": "key-for-tests"},
    asked=Asked(
        key="api_key",
        shown=("authorization", "Basic YXBpOmtleS1mb3ItdGVzdHM="),
        answers={
            "/v4/domains/forum.example": (
                200,
                {"domain": {"name": "forum.example", "state": "active", "type": "custom"}},
            )
        },
        refusal=(401, b"Forbidden"),
    ),
)
