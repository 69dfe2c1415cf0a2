"""Secrets come from files or the environment, and are never shown."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from newsletter.config.loading import show
from newsletter.domain.errors import InvalidConfiguration
from tests.rows import rows

SECRET = "-".join(["key", "5ecre7", "0f", "0ur5"])
FROM_FILE = "provider: {kind: mailgun, domain: forum.example, api_key_file: mailgun.key}\n"


@pytest.mark.parametrize("around", [b"", b"\n", b"\r\n", b" ", b"\t\n\n"])
def test_a_secret_is_read_from_a_file_without_what_is_around_it(
    read: Any, tmp_path: Path, around: bytes
) -> None:
    (tmp_path / "mailgun.key").write_bytes(around + SECRET.encode() + around)

    assert read(FROM_FILE).provider.api_key.get_secret_value() == SECRET


def test_the_name_of_a_secret_file_may_come_from_the_environment(read: Any, tmp_path: Path) -> None:
    elsewhere = tmp_path / "run" / "secrets"
    elsewhere.mkdir(parents=True)
    (elsewhere / "mailgun").write_text(SECRET)
    more = FROM_FILE.replace("mailgun.key", "'${SECRETS}/mailgun'")

    settings = read(more, {"SECRETS": str(elsewhere)})

    assert settings.provider.api_key.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b" \n\t", "empty"),
        (b"a key\nanother key\n", "has 2 lines; write the secret alone, on one line"),
        (b"\n# the key of the office\n\nkey\n", "has 4 lines"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 70_000, "too large"),
    ],
)
def test_a_file_that_holds_no_secret_is_a_fault(
    faults: Any, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "mailgun.key").write_bytes(content)

    found = faults(FROM_FILE)

    assert [fault.key for fault in found] == ["provider.api_key_file"]
    assert says in found[0].message


@rows("written", ["' key'", '"key\\n"', "'${KEY}'"])
def test_a_secret_with_blanks_around_is_a_fault_at_its_line(faults: Any, written: str) -> None:
    provider = f"provider:\n  kind: mailgun\n  domain: forum.example\n  api_key: {written}\n"
    [fault] = faults(provider, {"KEY": "key "})
    assert (fault.key, fault.message) == (
        "provider.api_key",
        "has blanks around the secret; take them out",
    )
    assert fault.line > 0


@rows("name", ["mailgun.key", ".", SECRET, '"a\\0b"', "x" * 300, "/dev/zero"])
def test_a_secret_file_that_cannot_be_read_is_a_fault_that_does_not_repeat_its_name(
    faults: Any, name: str
) -> None:
    found = faults(FROM_FILE.replace("mailgun.key", name))

    assert [fault.key for fault in found] == ["provider.api_key_file"]
    assert "file" in found[0].message
    assert len(name) == 1 or name not in found[0].message


@rows("name", ["", "12", "[a]", "''"])
def test_a_secret_file_is_named_by_text(faults: Any, name: str) -> None:
    found = faults(FROM_FILE.replace("mailgun.key", name))

    assert [fault.key for fault in found] == ["provider.api_key_file"]


def test_an_unset_variable_in_the_name_of_a_secret_file_is_the_only_fault(faults: Any) -> None:
    found = faults(FROM_FILE.replace("mailgun.key", "'${SECRETS}/mailgun'"))

    assert [(fault.key, "SECRETS is not set" in fault.message) for fault in found] == [
        ("provider.api_key_file", True)
    ]


def test_a_misspelt_secret_file_is_recognised_and_the_secret_not_missed(faults: Any) -> None:
    found = faults(FROM_FILE.replace("api_key_file", "api_key_fiel"))

    assert [fault.key for fault in found] == ["provider.api_key_fiel"]
    assert "did you mean api_key_file?" in found[0].message


def test_secrets_are_masked_wherever_settings_are_shown(read: Any) -> None:
    settings = read(
        "provider: {kind: mailgun, domain: forum.example, api_key: '${KEY}'}\n", {"KEY": SECRET}
    )

    shown = show(settings)

    assert shown["provider"]["api_key"] == "**********"
    assert shown["provider"]["domain"] == "forum.example"
    for text in (str(shown), repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in text


def test_no_fault_and_no_traceback_holds_a_secret(read: Any) -> None:
    faulty = (
        "provider: {kind: mailgun, domain: [], rate: -1,"
        f" api_key: '{SECRET}', apikey: {SECRET}}}\n"
        f"statements: [{{kind: folder, secret: {SECRET}}}]\n"
        "language: no\n"
    )

    with pytest.raises(InvalidConfiguration) as caught:
        read(faulty)

    assert len(caught.value.faults) == 5
    printed = traceback.format_exception(caught.value)
    assert SECRET not in "".join(printed)


def test_a_secret_of_the_wrong_type_is_not_shown(faults: Any) -> None:
    more = "provider: {kind: mailgun, domain: forum.example, api_key: "

    for value in ("918273645", "2024-05-01", "[918273645]", "{a: 918273645}"):
        found = faults(f"{more}{value}}}\n")
        assert [fault.key for fault in found] == ["provider.api_key"]
        assert "918273645" not in found[0].message
        assert "2024" not in found[0].message


def test_what_is_shown_is_what_is_in_force_in_plain_types(read: Any) -> None:
    shown = show(read("default_lists: [press]\nschedule: {poll: 90s}\n"))

    assert shown["default_lists"] == ["press"]
    assert shown["schedule"] == {"poll": "90s", "undo_window": "5m", "start": "approval"}
    assert shown["statements"] == [{"kind": "folder", "path": "statements"}]
    assert shown["organisation"]["tagline"] == ""
    assert shown["approvals"]["required"] == 1


CURVE = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiY"
    "wpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="
)
SENDGRID = "provider: {kind: sendgrid, api_key: key, webhook_key_file: hooks.key}\n"


@pytest.mark.parametrize(
    "written",
    [CURVE, f"-----BEGIN PUBLIC KEY-----\n{CURVE[:64]}\n{CURVE[64:]}\n-----END PUBLIC KEY-----\n"],
    ids=["base64", "PEM"],
)
def test_the_key_of_a_webhook_may_be_any_form_that_a_provider_shows(
    read: Any, tmp_path: Path, written: str
) -> None:
    (tmp_path / "hooks.key").write_text(written)

    assert read(SENDGRID).provider.webhook_key.get_secret_value() == written.rstrip("\n")


def test_a_key_that_verifies_nothing_is_a_fault_where_its_file_is_named(
    faults: Any, tmp_path: Path
) -> None:
    (tmp_path / "hooks.key").write_text(SECRET)

    (found,) = faults(SENDGRID)

    assert found.key == "provider.webhook_key_file"
    assert "as SendGrid shows it" in found.message
    assert SECRET not in found.message


def test_a_fault_in_the_key_of_a_webhook_is_told_beside_all_others(faults: Any) -> None:
    found = faults("provider: {kind: resend, webhook_key: word, rate: -1}\nlanguage: Klingon\n")

    keys = {fault.key for fault in found}
    assert {"provider.webhook_key", "provider.api_key", "provider.rate", "language"} <= keys


@rows("provider", ["7", "[]", "{kind: 7}", "{kind: mailgun, webhook_key: 7}"])
def test_a_provider_of_the_wrong_form_is_told_in_one_way_alone(faults: Any, provider: str) -> None:
    found = faults(f"provider: {provider}\n")

    assert not any("looks like" in fault.message for fault in found)
    assert len({(fault.key, fault.message) for fault in found}) == len(found)


DESCRIBED = """\
provider:
  kind: http
  url: https://gateway.forum.example/v1/messages
  body: "{{ message | tojson }}"
"""


def test_header_fields_are_secret_and_may_come_from_files(read: Any, tmp_path: Path) -> None:
    (tmp_path / "gateway.key").write_text(f"{SECRET}\n")
    more = (
        f"{DESCRIBED}  headers: {{X-Api-Key_file: gateway.key, X-Other: '${{OTHER}}'}}\n"
        "  auth: {user: forum, password_file: gateway.key}\n"
    )

    settings = read(more, {"OTHER": SECRET})

    assert {
        name: value.get_secret_value() for name, value in settings.provider.headers.items()
    } == {"X-Api-Key": SECRET, "X-Other": SECRET}
    assert settings.provider.auth.password.get_secret_value() == SECRET
    assert show(settings)["provider"]["headers"] == {
        "X-Api-Key": "**********",
        "X-Other": "**********",
    }
    for text in (str(show(settings)), repr(settings), settings.model_dump_json()):
        assert SECRET not in text


def test_no_fault_of_a_description_holds_a_secret(faults: Any) -> None:
    for wrong in (
        f'headers: {{X-Api-Key: "{SECRET}\\nx"}}',
        f"headers: {{X Api: {SECRET}}}",
        f"headers: {{Host: {SECRET}}}",
        f"headers: [{SECRET}]",
        f"headers: {{X-Api-Key_file: {SECRET}}}",
        f"headers: {{X-Api-Key: [{SECRET}]}}",
        f"auth: {{user: forum, bearer: {SECRET}}}",
        f"auth: {{bearer: {SECRET} {SECRET}}}",
        f"auth: {SECRET}",
        f"headers: {SECRET}",
    ):
        found = faults(f"{DESCRIBED}  {wrong}\n")
        assert len(found) == 1, wrong
        assert SECRET not in str(found[0])
