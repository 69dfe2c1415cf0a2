"""Signatures, compared with botocore's for the same call and time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from newsletter.providers.ses.send import Options, Ses
from newsletter.transport.http import HttpRequest

AT = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
URL = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
SESSION = "token//hush=="


def ses(**changes: str) -> Options:
    usual = {"kind": "ses", "region": "eu-west-1", "access_key_id": "AKIDEXAMPLE"}
    return Options.model_validate({**usual, "secret_access_key": "wJalr/hush+key", **changes})


def signed(
    options: Options, url: str, headers: dict[str, str], body: bytes, at: datetime
) -> Mapping[str, str]:
    request = HttpRequest(method="POST", url=url, headers=headers, body=body)
    return Ses(options).sign(request, at).headers


def ours(options: Options, url: str, headers: dict[str, str], body: bytes, at: datetime) -> str:
    return signed(options, url, headers, body, at)["Authorization"]


def theirs(options: Options, url: str, headers: dict[str, str], body: bytes, at: datetime) -> str:
    """The Authorization that botocore makes."""
    token = options.session_token and options.session_token.get_secret_value()
    secret = options.secret_access_key.get_secret_value()
    auth = SigV4Auth(Credentials(options.access_key_id, secret, token), "ses", options.region)
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    dated = {**headers, "X-Amz-Date": stamp}
    if token:
        dated["X-Amz-Security-Token"] = token
    request = AWSRequest(method="POST", url=url, data=body, headers=dated)
    request.context["timestamp"] = stamp
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def test_a_signature_is_botocores(subtests: pytest.Subtests) -> None:
    for url in [
        URL,
        "http://127.0.0.1:5055/v2/email/outbound-bulk-emails",
        "https://email.eu-west-1.amazonaws.com:443/v2/email/outbound-emails",
        "http://LOCALHOST:80/v2/email/outbound-emails",
        "https://localhost:80/",
        "https://localhost",
        "https://localhost/a b/ü~.-_",
    ]:
        for options in [ses(), ses(session_token=SESSION)]:
            for body in [b"", b"{}", '{"Subject":"é 論壇"}'.encode()]:
                with subtests.test(url=url, options=options, body=body):
                    call = options, url, {"Content-Type": "a", "X-Note": "  two   blanks "}, body
                    assert ours(*call, AT) == theirs(*call, AT)


def test_the_time_is_said_in_utc(subtests: pytest.Subtests) -> None:
    for at in [
        datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 0, tzinfo=timezone(timedelta(hours=-5))),
    ]:
        with subtests.test(at=at):
            assert ours(ses(), URL, {}, b"x", at) == theirs(ses(), URL, {}, b"x", at)
            stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            assert signed(ses(), URL, {}, b"x", at)["X-Amz-Date"] == stamp


def test_each_thing_that_is_signed_changes_the_signature() -> None:
    kind = {"Content-Type": "a"}
    signatures = [
        ours(ses(), URL, kind, b"x", AT),
        ours(ses(), URL, kind, b"y", AT),
        ours(ses(), URL, {"Content-Type": "b"}, b"x", AT),
        ours(ses(), URL + "s", kind, b"x", AT),
        ours(ses(), URL.replace("eu", "us"), kind, b"x", AT),
        ours(ses(), URL, kind, b"x", AT + timedelta(seconds=1)),
        ours(ses(secret_access_key="other"), URL, kind, b"x", AT),
        ours(ses(region="eu-west-2"), URL, kind, b"x", AT),
    ]
    assert len({each.rpartition("=")[2] for each in signatures}) == len(signatures)


def test_what_was_there_stays_and_the_secrets_show_nowhere() -> None:
    headers = signed(ses(session_token=SESSION), URL, {"A": "b"}, b"", AT)
    assert headers["A"] == "b"
    assert headers["Host"] == "email.eu-west-1.amazonaws.com"
    assert headers["X-Amz-Security-Token"] == SESSION
    assert "wJalr/hush+key" not in "".join(headers.values())
