"""Verdicts about SPF, DKIM, DMARC and BIMI of a domain, and the records to add."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from newsletter.domain.delivery.authentication import LookupFailed, examine_arrived, examine_domain
from newsletter.domain.delivery.provider import Finding, Level
from tests.rows import rows

DOMAIN = "news.forum.example"
OK, CHECK, FIX = Level.OK, Level.WARNING, Level.FAULT


def examined(
    records: Mapping[str, Sequence[str]], selectors: Sequence[str] = ("s1",)
) -> dict[str, Finding]:
    found = examine_domain(DOMAIN, selectors, lambda name: records.get(name, ()))
    return {one.what: one for one in found}


NESTED = {
    f"n{number}.example": [f"v=spf1 include:n{number + 1}.example -all"] for number in range(30)
}


@rows(
    ("records", "level", "said"),
    [
        ([], CHECK, "no record"),
        (["google-site-verification=x"], CHECK, "no record"),
        (["v=spf1 include:a.example ~all"], OK, "1 of 10"),
        (["V=SPF1 a mx ptr exists:%{i}.x.example ip4:192.0.2.1 -all"], OK, "4 of 10"),
        (["v=spf1 ~all", "v=spf1 -all"], FIX, "2 records"),
        (["v=spf1 +all"], FIX, "everybody"),
        (["v=spf1 all"], FIX, "everybody"),
        (["v=spf1 include:n0.example -all"], FIX, "more than 10"),
        (["v=spf1 redirect=news.forum.example"], OK, "1 of 10"),
        (["v=spf1 " + "a " * 11], FIX, "more than 10"),
    ],
)
def test_spf(records: list[str], level: Level, said: str) -> None:
    found = examined({DOMAIN: records, **NESTED})["SPF"]
    assert (found.level, said in found.detail) == (level, True), found
    assert bool(found.advice) is (level is not OK)


@rows(
    ("records", "selectors", "level", "said"),
    [
        ([], ["s1"], CHECK, "was found under s1"),
        ([], [], CHECK, "was found"),
        (["v=DKIM1; k=rsa; p=MIIB"], ["s0", "s1"], OK, "as s1"),
        (["v=DKIM1; p="], ["s1"], FIX, "taken back"),
        (["nonsense"], ["s1"], CHECK, "was found"),
    ],
)
def test_dkim(records: list[str], selectors: list[str], level: Level, said: str) -> None:
    found = examined({f"s1._domainkey.{DOMAIN}": records}, selectors)["DKIM"]
    assert (found.level, said in found.detail) == (level, True), found


@rows(
    ("name", "records", "level", "said"),
    [
        (DOMAIN, [], FIX, "no policy"),
        (DOMAIN, ["v=DMARC1; p=none; rua=mailto:a@b.example"], CHECK, "only watches"),
        (DOMAIN, ["v=DMARC1;p=quarantine"], OK, "p=quarantine"),
        (DOMAIN, ["v=DMARC1; p=reject; adkim=s; aspf=s"], OK, "adkim and aspf"),
        (DOMAIN, ["v=DMARC1; p=reject", "v=DMARC1; p=none"], FIX, "2 records"),
        (DOMAIN, ["v=DMARC1; p=maybe"], FIX, "no policy that there is"),
        (DOMAIN, ["v=DMARC1"], FIX, "no policy that there is"),
        ("forum.example", ["v=DMARC1; p=reject; sp=none"], CHECK, "only watches"),
        ("forum.example", ["v=DMARC1; p=reject"], OK, "p=reject"),
        ("example", ["v=DMARC1; p=reject"], FIX, "no policy"),
    ],
)
def test_dmarc(name: str, records: list[str], level: Level, said: str) -> None:
    found = examined({f"_dmarc.{name}": records})["DMARC"]
    assert (found.level, said in found.detail) == (level, True), found


def test_what_is_missing_is_written_out_to_be_copied() -> None:
    advice = examined({})["DMARC"].advice
    assert f"_dmarc.{DOMAIN}" in advice
    assert '"v=DMARC1; p=none; rua=mailto:' in advice


@rows(
    ("records", "level", "said"),
    [
        ([], OK, "none is needed"),
        (["v=BIMI1; l=https://forum.example/logo.svg"], OK, "shows a logo"),
        (["v=BIMI1; l=http://forum.example/logo.svg"], CHECK, "no logo"),
        (["x"], CHECK, "no logo"),
    ],
)
def test_bimi(records: list[str], level: Level, said: str) -> None:
    found = examined({f"default._bimi.{DOMAIN}": records})["BIMI"]
    assert (found.level, said in found.detail) == (level, True), found


def test_what_cannot_be_looked_up_proves_nothing() -> None:
    def silent(name: str) -> Sequence[str]:
        raise LookupFailed(f"{name}: timed out")

    found = list(examine_domain(DOMAIN, ["s1"], silent))
    assert [one.what for one in found] == ["SPF", "DKIM", "DMARC", "BIMI"]
    assert {one.level for one in found} == {CHECK}


def test_a_circle_of_includes_comes_to_an_end() -> None:
    records = {DOMAIN: ["v=spf1 include:a.example -all"], "a.example": [f"v=spf1 include:{DOMAIN}"]}
    assert examined(records)["SPF"].level is FIX


def test_a_top_level_domain_alone_is_looked_up_too() -> None:
    asked: list[str] = []

    def texts(name: str) -> Sequence[str]:
        asked.append(name)
        return ()

    list(examine_domain("localhost", [], texts))
    assert "_dmarc.localhost" in asked


PAGES = "https://news.forum.example"
COVERED = "from:to:subject:date:message-id:list-unsubscribe:list-unsubscribe-post"
USUAL = {
    "Return-Path": "<bounce+1@bounces.forum.example>",
    "Authentication-Results": "mx.mailbox.example;\r\n dkim=pass (2048-bit key; dkim=fail)\r\n"
    " header.d=forum.example; spf=pass smtp.mailfrom=x; dmarc=pass (p=REJECT)",
    "DKIM-Signature": "v=1; a=rsa-sha256; c=relaxed/relaxed; d=forum.example;\r\n s=k1;"
    f" h={COVERED};\r\n bh=abc=; b=abc\r\n def=",
    "From": '"Forum, The" <news@forum.example>',
    "Subject": "News",
    "List-Unsubscribe": f"<{PAGES}/u/aB1>,\r\n <mailto:leave@forum.example?subject=aB1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def email(**changes: str | None) -> bytes:
    fields: dict[str, Any] = USUAL | {name.replace("_", "-"): to for name, to in changes.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([*lines, "", "The text."]).encode()


def found(**changes: str | None) -> dict[str, Finding]:
    """Return the findings by subject; of several the worst."""
    order = list(Level)
    findings = sorted(
        examine_arrived(email(**changes), PAGES), key=lambda one: order.index(one.level)
    )
    return {one.what: one for one in findings}


def test_an_email_that_is_signed_for_us_is_right_in_every_way() -> None:
    said = found()
    assert set(said) == {"one-click", "DKIM", "return path", "mailbox"}
    assert {one.level for one in said.values()} == {Level.OK}


def signed(domain: str = "forum.example", covers: str = COVERED, more: str = "") -> str:
    return f"v=1; a=rsa-sha256; d={domain}; s=k1; h={covers}; {more}bh=a; b=c"


@rows(
    ("signature", "level", "words"),
    [
        (signed("mail.forum.example"), Level.OK, "mail.forum.example signs it"),
        (signed("FORUM.example", COVERED.upper()), Level.OK, "forum.example signs it"),
        (signed(covers=COVERED.replace(":", " :\r\n ")), Level.OK, "signs it"),
        (signed(covers="from:subject"), Level.FAULT, "without list-unsubscribe, list-unsub"),
        (
            signed(covers=COVERED.removesuffix(":list-unsubscribe-post")),
            Level.FAULT,
            "signs it without list-unsubscribe-post",
        ),
        (signed("provider.example"), Level.FAULT, "by provider.example, and not by forum.example"),
        (signed(more="l=100; "), Level.WARNING, "only the beginning of its text"),
        (signed().replace("sha256", "sha1"), Level.WARNING, "SHA-1"),
        ("no tags at all", Level.FAULT, "not by forum.example"),
        (None, Level.FAULT, "has no signature"),
    ],
)
def test_a_signature_counts_by_whose_it_is_and_what_it_covers(
    signature: str | None, level: Level, words: str
) -> None:
    said = found(DKIM_Signature=signature)["DKIM"]
    assert (said.level, words in said.detail) == (level, True), said.detail


def test_of_several_signatures_the_best_of_ours_counts() -> None:
    both = f"{signed('provider.example')}\r\nDKIM-Signature: {signed(covers='from')}"
    assert "without list-unsubscribe" in found(DKIM_Signature=both)["DKIM"].detail
    both += f"\r\nDKIM-Signature: {signed()}"
    assert found(DKIM_Signature=both)["DKIM"].level is Level.OK


@rows(
    ("domain", "sender", "ours"),
    [
        ("a.forum.example", "news@b.forum.example", True),
        ("forum.example", "news@forum.example", True),
        ("forum.co.example", "news@other.co.example", False),
        ("example", "news@forum.example", False),
        ("", "news@forum.example", False),
        ("forum.example.evil.example", "news@forum.example", False),
        ("notforum.example", "news@forum.example", False),
    ],
)
def test_domains_of_one_organisation_belong_together(domain: str, sender: str, ours: bool) -> None:
    said = found(DKIM_Signature=signed(domain), From=sender)["DKIM"]
    assert (said.level is Level.OK) is ours


@rows(
    ("changes", "words"),
    [
        ({"List_Unsubscribe_Post": None}, "1 List-Unsubscribe and 0 List-Unsubscribe-Post"),
        ({"List_Unsubscribe": None}, "0 List-Unsubscribe and 1"),
        ({"List_Unsubscribe": "<https://provider.example/u/1>"}, "https://provider.example/u/1"),
        ({"List_Unsubscribe": "<mailto:leave@forum.example>"}, "no https address"),
        ({"List_Unsubscribe_Post": "List-Unsubscribe=Yes"}, "says 'List-Unsubscribe=Yes'"),
        (
            {"List_Unsubscribe": f"<{PAGES}/u/a>\r\nList-Unsubscribe: <{PAGES}/u/b>"},
            "2 List-Unsubscribe",
        ),
    ],
)
def test_one_click_leads_to_us_once(changes: dict[str, str | None], words: str) -> None:
    said = found(**changes)["one-click"]
    assert said.level is Level.FAULT
    assert words in said.detail
    assert said.advice


def test_bounces_that_go_elsewhere_leave_dmarc_to_dkim() -> None:
    assert found(Return_Path="<b@provider.example>")["return path"].level is Level.WARNING
    assert found(Return_Path=None)["return path"].level is Level.WARNING
    assert found(Return_Path="<>")["return path"].level is Level.WARNING


@rows(
    ("results", "level", "words"),
    [
        ("mx; spf=softfail; dkim=pass; dmarc=pass", Level.WARNING, "spf=softfail"),
        ("mx; spf=pass; dkim=fail; dmarc=fail", Level.FAULT, "=fail"),
        ("mx; none", Level.FAULT, "=none"),
        (None, Level.WARNING, "did not note"),
        # what stood in the mail before it came there is another's word
        (
            "mx; dkim=fail\r\nAuthentication-Results: x; dkim=pass; dmarc=pass",
            Level.FAULT,
            "dmarc=none",
        ),
    ],
)
def test_what_the_mailbox_found_is_told(results: str | None, level: Level, words: str) -> None:
    said = found(Authentication_Results=results)["mailbox"]
    assert (said.level, words in said.detail) == (level, True), said.detail


@rows("mail", [b"", b"\xff\xfe\x00", b"From:\r\n\r\n", b"The text alone."])
def test_what_is_no_email_as_it_arrived_is_said_to_be_none(mail: bytes) -> None:
    [said] = examine_arrived(mail, PAGES)
    assert said.level is Level.FAULT
    assert "names no sender" in said.detail


FIELDS = st.dictionaries(st.sampled_from(list(USUAL)), st.text(max_size=60), max_size=8)


@given(FIELDS)
def test_no_email_is_more_than_it_can_read(fields: dict[str, str]) -> None:
    lines = [f"{name}: {value}".encode("utf-8", "surrogatepass") for name, value in fields.items()]
    assert list(examine_arrived(b"\r\n".join([*lines, b"", b""]), PAGES))
