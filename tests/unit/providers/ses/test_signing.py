"""Signatures, compared with botocore's for the same call and time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from newsletter.providers.ses.send import SigningKey

AT = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
URL = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
KEY = SigningKey(
    access_key_id="AKIDEXAMPLE",
    secret_access_key="wJalr/hush+key",
    region="eu-west-1",
    service="ses",
)


def theirs(key: SigningKey, url: str, headers: dict[str, str], body: bytes, at: datetime) -> str:
    """The Authorization that botocore makes."""
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token or None)
    auth = SigV4Auth(credentials, key.service, key.region)
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    dated = {**headers, "X-Amz-Date": stamp}
    if key.session_token:
        dated["X-Amz-Security-Token"] = key.session_token
    request = AWSRequest(method="POST", url=url, data=body, headers=dated)
    request.context["timestamp"] = stamp
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={names}, Signature={signature}"
    )


def ours(key: SigningKey, url: str, headers: dict[str, str], body: bytes, at: datetime) -> str:
    return key.signed(method="POST", url=url, headers=headers, body=body, at=at)["Authorization"]


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
        for token in ["", "token//hush=="]:
            for body in [b"", b"{}", '{"Subject":"é 論壇"}'.encode()]:
                with subtests.test(url=url, token=token, body=body):
                    key = replace(KEY, session_token=token)
                    headers = {"Content-Type": "application/json", "X-Note": "  two   blanks "}
                    assert ours(key, url, headers, body, AT) == theirs(key, url, headers, body, AT)


def test_the_time_is_said_in_utc(subtests: pytest.Subtests) -> None:
    for at in [
        datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 0, tzinfo=timezone(timedelta(hours=-5))),
    ]:
        with subtests.test(at=at):
            assert ours(KEY, URL, {}, b"x", at) == theirs(KEY, URL, {}, b"x", at)
            headers = KEY.signed(method="POST", url=URL, headers={}, body=b"x", at=at)
            assert headers["X-Amz-Date"] == at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def test_each_thing_that_is_signed_changes_the_signature() -> None:
    signed = ours(KEY, URL, {"Content-Type": "a"}, b"x", AT)
    others = [
        ours(KEY, URL, {"Content-Type": "a"}, b"y", AT),
        ours(KEY, URL, {"Content-Type": "b"}, b"x", AT),
        ours(KEY, URL + "s", {"Content-Type": "a"}, b"x", AT),
        ours(KEY, URL.replace("eu", "us"), {"Content-Type": "a"}, b"x", AT),
        ours(KEY, URL, {"Content-Type": "a"}, b"x", AT + timedelta(seconds=1)),
        ours(replace(KEY, secret_access_key="other"), URL, {"Content-Type": "a"}, b"x", AT),
        ours(replace(KEY, region="eu-west-2"), URL, {"Content-Type": "a"}, b"x", AT),
        ours(replace(KEY, service="s3"), URL, {"Content-Type": "a"}, b"x", AT),
    ]
    signatures = {each.rpartition("=")[2] for each in [signed, *others]}
    assert len(signatures) == 1 + len(others)


def test_what_was_there_stays_and_the_secrets_show_nowhere() -> None:
    key = replace(KEY, session_token="token//hush==")
    headers = key.signed(method="POST", url=URL, headers={"A": "b"}, body=b"", at=AT)
    assert headers["A"] == "b"
    assert headers["Host"] == "email.eu-west-1.amazonaws.com"
    assert headers["X-Amz-Security-Token"] == "token//hush=="
    assert "hush" not in repr(key)
    assert KEY.secret_access_key not in "".join(headers.values())
